// The PIO program for gSPI as the HAL puts it into a state machine: hal/kaluma_pio_bus.ts, which has its text.

import { CYW43_PINS } from '../../chips/cyw43/wiring.js';
import { kalumaPioBus } from '../../../hal/kaluma_pio_bus.js';

/** Its words, for offset 0; it wraps at its end. */
export const GSPI_PROGRAM = programOf();

function programOf(): number[] {
  let program: number[] = [];
  const native = {
    pio_add_program: (_pio: number, words: Uint16Array) => {
      program = [...words];
      return 0;
    },
    pio_sm_init: () => {},
    pio_sm_exec: () => {},
    pio_sm_set_enabled: () => {},
  };
  const real = Object.getOwnPropertyDescriptor(process, 'binding');
  const binding = Object.assign(() => native, { rp2: 'rp2' });
  Object.defineProperty(process, 'binding', { value: binding, configurable: true });
  try {
    kalumaPioBus(CYW43_PINS);
  } finally {
    if (real) Object.defineProperty(process, 'binding', real);
    else delete (process as { binding?: unknown }).binding;
  }
  return program;
}
