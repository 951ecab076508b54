// The emulated board with Kaluma's own firmware, its serial console on a pseudo-terminal, in real time.

import { createEmulatedPico, type EmulatedPico } from '../../emulator/kaluma-pico.js';
import type { Chunk } from '../../emulator/image.js';
import { openPty, type Pty } from '../../pty/pty.js';
import { Link } from '../../sim/link.js';
import { Pacer } from '../../sim/pacer.js';
import { Scheduler } from '../../sim/scheduler.js';

export interface EmulatedOnPty {
  path: string;
  pico: EmulatedPico;
  close(): Promise<void>;
}

export function emulatedOnPty(firmware: Chunk[], bundle?: string): EmulatedOnPty {
  const scheduler = new Scheduler();
  const pacer = new Pacer(scheduler);
  const pty: Pty = openPty();
  const pico = createEmulatedPico({
    scheduler,
    firmware,
    ...(bundle !== undefined && { bundle }),
    port: new Link(scheduler).a,
    onConsole: (bytes) => pty.write(bytes),
  });
  pty.onData = (bytes) => pacer.inject(() => pico.board.console.write(bytes));
  pacer.start();
  pacer.inject(() => pico.board.start());
  return {
    path: pty.path,
    pico,
    close() {
      pico.board.stop();
      pacer.stop();
      return pty.close();
    },
  };
}
