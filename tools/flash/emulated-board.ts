// The emulated board that `lightwire emulate` runs: a Pico with an ENC28J60, or a Pico W with its radio, and what is told of
// the chip at the end.

import type { Chunk } from '../../test-host/emulator/image.js';
import type { KalumaBoard, KalumaBoardOptions } from '../../test-host/emulator/kaluma-board.js';
import { createEmulatedPico } from '../../test-host/emulator/kaluma-pico.js';
import { createEmulatedPicoW } from '../../test-host/emulator/kaluma-pico-w.js';
import { withStoredItems } from '../../test-host/emulator/stored-items.js';
import type { Port } from '../../test-host/sim/wire.js';
import { RAW_OFFSET } from '../cyw43/image.js';
import { openAir, radioImage, storedItems, type Network } from './radio.js';

/** What was measured at a board's network chip. */
export interface ChipReport {
  /** The ENC28J60's bus: bytes exchanged, clock in Hz. */
  spi?: { bytes: number; clock: number };
  /** The radio's bus: bytes both ways, commands and status included. */
  gspi?: { bytes: number; transactions: number };
  /** Counters of the chip model. */
  chip: Record<string, number>;
  /** Ways of using the chip wrongly, by kind; those that happened. */
  misuse: Record<string, number>;
}

export interface EmulatedBoard {
  kaluma: KalumaBoard;
  report(): ChipReport;
}

/** Pins of the ENC28J60. */
export interface ModuleWiring {
  bus: 0 | 1;
  cs: number;
  int: number;
  rst: number | 'none';
}

export function moduleBoard(options: KalumaBoardOptions, wiring: ModuleWiring, port: Port): EmulatedBoard {
  const { bus, cs, int, rst } = wiring;
  const pico = createEmulatedPico({
    ...options,
    port,
    bus,
    wiring: { cs, int, reset: rst === 'none' ? null : rst },
  });
  const { chip } = pico;
  return {
    kaluma: pico,
    report: () => ({
      spi: { bytes: chip.counters.spiBytes, clock: chip.spiClockHz },
      chip: { ...chip.counters },
      misuse: happened(chip.misuse.counts),
    }),
  };
}

/** @param firmware whether the radio's is put into flash, too */
export function radioBoard(
  options: KalumaBoardOptions,
  network: Network,
  port: Port,
  firmware: boolean,
): EmulatedBoard {
  const chip = openAir(network, options.scheduler, port, options.seed ?? 1);
  const image: Chunk[] = firmware ? [{ offset: RAW_OFFSET, bytes: radioImage() }] : [];
  const { bundle } = options;
  const kaluma = createEmulatedPicoW({
    ...options,
    chip,
    firmware: [...options.firmware, ...image],
    ...(bundle !== undefined && { bundle: withStoredItems(storedItems(network), bundle) }),
  });
  const { counters } = chip;
  return {
    kaluma,
    report: () => ({
      gspi: { bytes: 4 * (counters.wordsIn + counters.wordsOut), transactions: counters.transactions },
      chip: { ...counters },
      misuse: happened(chip.misuse.counts),
    }),
  };
}

function happened(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0));
}
