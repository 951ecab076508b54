// Kaluma's native `rp2` binding as far as it drives PIO state machines, on the model of the PIO blocks. Pins are not
// wired to it, and the state machines have time only while the program is in one of these calls. The machine that drives the
// gSPI of a radio runs no program: its words go to the radio (gspi-words.ts).

import { types } from 'node:util';
import { PioBlock } from '../chips/pio/block.js';
import {
  CLKDIV,
  CTRL,
  EXECCTRL,
  FSTAT,
  INSTR,
  INSTR_MEM0,
  PINCTRL,
  RXF0,
  SHIFTCTRL,
  SM0_CLKDIV,
  SM_STRIDE,
  TXF0,
} from '../chips/pio/registers.js';
import { GspiStandstill, type GspiWords } from '../chips/cyw43/gspi-words.js';
import { CYW43_PINS } from '../chips/cyw43/wiring.js';
import { argumentChecks } from './arguments.js';
import type { Machine } from './machine.js';
import type { Realm } from './realm.js';

const BLOCKS = 2;
const MEMORY = 32;
const CYCLES_PER_US = 125;
/** What a call takes on a board at least, whatever the cost model says: the state machines' time. */
const CALL_US = 10;
/** Cycles from one look at a FIFO to the next while a call waits for it. */
const LOOK = 16;
/** A wait that lasts longer never ends. */
const FOREVER = 1e6;
/** What empties an output FIFO, with autopull and without (RP2040 datasheet, 3.4). */
const OUT_NULL_32 = 0x6060;
const PULL = 0x8080;
/** The Pico SDK's answer when a program finds no room. */
const NO_ROOM = -5;

/** The PIO blocks of a board: they outlast a program that is loaded anew. */
export class BoardPio {
  cycles = 0;
  readonly blocks = Array.from(
    { length: BLOCKS },
    () => new PioBlock({ now: () => this.cycles, pinsChanged: () => {} }),
  );
  /** Bits of instruction memory in use. */
  readonly used = [0, 0];
  /** The state machine that drives the radio's pins, counted over both blocks; -1 for none. */
  gspiMachine = -1;

  /** @param gspi the board's radio, or null */
  constructor(readonly gspi: GspiWords | null = null) {
    gspi?.reset();
  }
}

export function createPioBinding(realm: Realm, machine: Machine): Record<string, unknown> {
  const check = argumentChecks(realm);
  const { pio, cost } = machine;

  const at = (block: unknown, sm: unknown): { block: PioBlock; sm: number; base: number } => {
    const b = check.number(block, 'pio');
    const s = check.number(sm, 'sm') & 3;
    machine.spend(cost.pioCall);
    pio.cycles += CALL_US * CYCLES_PER_US;
    return { block: pio.blocks[b & 1]!, sm: s, base: SM0_CLKDIV + s * SM_STRIDE };
  };
  /** Lets the state machines run until a bit of FSTAT is clear. */
  const wait = (block: PioBlock, bit: number): void => {
    const start = pio.cycles;
    while ((block.read(FSTAT)! >>> bit) & 1) {
      if (pio.cycles - start > FOREVER) throw new realm.Error('PIO: this call would never return');
      pio.cycles += LOOK;
    }
    machine.spend((pio.cycles - start) / CYCLES_PER_US);
  };
  /** The radio behind a machine, if it is the one. */
  const radio = (block: unknown, sm: unknown): GspiWords | null => {
    if (pio.gspiMachine < 0 || pio.gspiMachine !== 4 * (Number(block) & 1) + (Number(sm) & 3)) return null;
    for (const pin of [CYW43_PINS.data, CYW43_PINS.select, CYW43_PINS.clock]) {
      if (!machine.pins.claimed(pin)) throw new realm.Error(`PIO: pinMode() has taken GPIO ${pin} away`);
    }
    return pio.gspi;
  };
  const around = {
    now: () => machine.scheduler.now,
    spend: (us: number) => machine.spend(us),
  };
  /** Has a call that would never return throw an error of the realm's. */
  const returning = <T>(call: () => T): T => {
    try {
      return call();
    } catch (error) {
      if (error instanceof GspiStandstill)
        throw new realm.Error(`${error.message}: this call would never return`);
      throw error;
    }
  };
  const option = (options: unknown, name: string, fallback: number): number => {
    const value = (options as Record<string, unknown>)[name];
    return typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : fallback;
  };

  return realm.object({
    pio_add_program: realm.fn((block?: unknown, program?: unknown) => {
      const n = check.number(block, 'pio') & 1;
      if (!types.isUint16Array(program)) throw new realm.TypeError('The prog argument must be Uint16Array');
      machine.spend(cost.pioCall);
      const code = new Uint16Array(program.buffer);
      const mask = 2 ** code.length - 1;
      for (let offset = MEMORY - code.length; offset >= 0; offset--) {
        if (pio.used[n]! & (mask << offset)) continue;
        pio.used[n] = pio.used[n]! | (mask << offset);
        code.forEach((word, i) => {
          const moved = word >>> 13 === 0 ? word + offset : word;
          pio.blocks[n]!.write(INSTR_MEM0 + 4 * (offset + i), moved);
        });
        return offset;
      }
      return NO_ROOM;
    }, 'pio_add_program'),

    pio_sm_init: realm.fn((b?: unknown, s?: unknown, options?: unknown) => {
      const { block, sm, base } = at(b, s);
      const offset = option(options, 'offset', 0);
      block.write(CTRL, block.read(CTRL)! & ~(1 << sm));
      const top = offset + option(options, 'wrap', 31);
      const bottom = offset + option(options, 'wrapTarget', 0);
      const freq = option(options, 'freq', 125e6);
      block.write(base + CLKDIV, Math.floor(125e6 / freq) << 16);
      const shift =
        ((option(options, 'pullThreshold', 32) & 31) << 25) |
        ((option(options, 'pushThreshold', 32) & 31) << 20) |
        (option(options, 'outShiftDir', 1) << 19) |
        (option(options, 'inShiftDir', 1) << 18) |
        (option(options, 'autopull', 0) << 17) |
        (option(options, 'autopush', 0) << 16);
      // Joining the FIFOs and parting them again empties them.
      block.write(base + SHIFTCTRL, (shift | 0x80000000) >>> 0);
      block.write(base + SHIFTCTRL, shift);
      const pinsOf = (name: string): number => Math.max(0, option(options, name, -1)) & 31;
      const sideset = option(options, 'sidesetBase', -1) >= 0 ? option(options, 'sidesetBits', 0) : 0;
      const optional = sideset ? option(options, 'sidesetOpt', 0) : 0;
      block.write(base + EXECCTRL, ((optional << 30) | (top << 12) | (bottom << 7)) >>> 0);
      block.write(
        base + PINCTRL,
        (((sideset + optional) << 29) |
          (option(options, 'setCount', 1) << 26) |
          (option(options, 'outCount', 1) << 20) |
          (pinsOf('inBase') << 15) |
          (pinsOf('sidesetBase') << 10) |
          (pinsOf('setBase') << 5) |
          pinsOf('outBase')) >>>
          0,
      );
      block.write(CTRL, block.read(CTRL)! | (0x110 << sm));
      block.write(base + INSTR, offset);
      const number = 4 * pio.blocks.indexOf(block) + sm;
      if (pio.gspiMachine === number) pio.gspiMachine = -1;
      const wired =
        option(options, 'outBase', -1) === CYW43_PINS.data &&
        option(options, 'sidesetBase', -1) === CYW43_PINS.clock;
      if (!pio.gspi || !wired) return;
      pio.gspiMachine = number;
      for (const pin of [CYW43_PINS.data, CYW43_PINS.select, CYW43_PINS.clock]) machine.pins.claim(pin);
      pio.gspi.reset();
    }, 'pio_sm_init'),

    pio_sm_set_enabled: realm.fn((b?: unknown, s?: unknown, enabled?: unknown) => {
      const { block, sm } = at(b, s);
      const others = block.read(CTRL)! & ~(1 << sm);
      block.write(CTRL, others | (enabled === true ? 1 << sm : 0));
    }, 'pio_sm_set_enabled'),

    pio_sm_restart: realm.fn((b?: unknown, s?: unknown) => {
      const { block, sm } = at(b, s);
      radio(b, s)?.reset();
      block.write(CTRL, block.read(CTRL)! | (0x10 << sm));
    }, 'pio_sm_restart'),

    pio_sm_exec: realm.fn((b?: unknown, s?: unknown, instruction?: unknown) => {
      const { block, base } = at(b, s);
      block.write(base + INSTR, check.number(instruction, 'inst'));
    }, 'pio_sm_exec'),

    pio_sm_put: realm.fn((b?: unknown, s?: unknown, data?: unknown) => {
      const { block, sm } = at(b, s);
      let words: ArrayLike<number>;
      if (typeof data === 'number') words = [data];
      else if (types.isUint32Array(data)) {
        words = new Uint32Array(data.buffer, 0, data.buffer.byteLength >> 2);
      } else throw new realm.TypeError('The data argument must be number of Uint32Array');
      const gspi = radio(b, s);
      if (gspi) return returning(() => gspi.put(words, around));
      for (let i = 0; i < words.length; i++) {
        wait(block, 16 + sm);
        block.write(TXF0 + 4 * sm, words[i]!);
      }
    }, 'pio_sm_put'),

    pio_sm_get: realm.fn((b?: unknown, s?: unknown) => {
      const { block, sm } = at(b, s);
      const gspi = radio(b, s);
      if (gspi) return returning(() => gspi.get(around));
      wait(block, 8 + sm);
      return block.read(RXF0 + 4 * sm);
    }, 'pio_sm_get'),

    pio_sm_rxfifo: realm.fn((b?: unknown, s?: unknown) => {
      const { block, sm } = at(b, s);
      block.read(FSTAT);
      return radio(b, s)?.waiting(around) ?? block.machines[sm]!.rx.length;
    }, 'pio_sm_rxfifo'),

    pio_sm_txfifo: realm.fn((b?: unknown, s?: unknown) => {
      const { block, sm } = at(b, s);
      block.read(FSTAT);
      return radio(b, s)?.unsent ?? block.machines[sm]!.tx.length;
    }, 'pio_sm_txfifo'),

    pio_sm_clear_fifos: realm.fn((b?: unknown, s?: unknown) => {
      const { block, base } = at(b, s);
      radio(b, s)?.clear();
      const shift = block.read(base + SHIFTCTRL)!;
      block.write(base + SHIFTCTRL, (shift ^ 0x80000000) >>> 0);
      block.write(base + SHIFTCTRL, shift);
    }, 'pio_sm_clear_fifos'),

    pio_sm_drain_txfifo: realm.fn((b?: unknown, s?: unknown) => {
      const { block, sm, base } = at(b, s);
      radio(b, s)?.clear();
      const drain = block.read(base + SHIFTCTRL)! & (1 << 17) ? OUT_NULL_32 : PULL;
      while (block.machines[sm]!.tx.length) block.write(base + INSTR, drain);
    }, 'pio_sm_drain_txfifo'),

    pio_sm_set_pins: realm.fn((b?: unknown, s?: unknown) => void at(b, s), 'pio_sm_set_pins'),

    pio_sm_irq: realm.fn(() => {
      throw new realm.Error('StateMachine.irq is not simulated');
    }, 'pio_sm_irq'),
  });
}
