// Values of command-line options: what is accepted, and the words when it is not.

import { InvalidArgumentError } from 'commander';
import type { Security } from '../../test-host/air/index.js';
import { BOARDS, layoutOf, type BoardName } from './flash-layout.js';
import type { BoardChip } from './board-chip.js';

/** A probability: 0 to 1, or a percentage with its sign. */
export function probability(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text.trim());
  if (!match) throw new InvalidArgumentError('Give a number from 0 to 1, or a percentage such as 5%.');
  const value = Number(match[1]) / (match[2] ? 100 : 1);
  if (value > 1) {
    throw new InvalidArgumentError(
      match[2]
        ? 'More than 100% cannot be lost.'
        : `That is more than 1; for ${text} percent write ${text}%.`,
    );
  }
  return value;
}

/** A TCP port, 1 to 65535. */
export function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new InvalidArgumentError('Give a port from 1 to 65535.');
  return port;
}

/** A time, more than 0. */
export function seconds(text: string): number {
  const value = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : 0;
  if (!(value > 0 && value <= 1e7)) throw new InvalidArgumentError('Give a number of seconds, more than 0.');
  return value;
}

/** A seed, 0 to 4294967295. */
export function seed(text: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value < 0 || value > 0xffffffff)
    throw new InvalidArgumentError('Give a whole number from 0 to 4294967295.');
  return value;
}

/** A time, 0 or more. */
export function waitSeconds(text: string): number {
  return Number(text) === 0 && text.trim() ? 0 : seconds(text);
}

/** A number of lines, 0 to 100000. */
export function lineCount(text: string): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (value < 0 || value > 100_000) throw new InvalidArgumentError('Give a number of lines, 0 to 100000.');
  return value;
}

/** A board that Kaluma runs on. */
export function boardName(text: string): BoardName {
  const layout = layoutOf(text);
  if (!layout) throw new InvalidArgumentError(`The boards are ${BOARDS.join(', ')}.`);
  return layout.board;
}

/** The chip by which a simulated or emulated board is on the network. */
export function boardChip(text: string): BoardChip {
  if (text !== 'enc28j60' && text !== 'cyw43') {
    throw new InvalidArgumentError('Give enc28j60 (a Pico with that module) or cyw43 (a Pico W).');
  }
  return text;
}

const SECURITIES: readonly Security[] = ['open', 'wpa', 'wpa2', 'wpa2-wpa', 'wpa3', 'wpa3-wpa2'];

/** What a wireless network asks of its stations. */
export function security(text: string): Security {
  const found = SECURITIES.find((name) => name === text);
  if (!found) throw new InvalidArgumentError(`Give one of ${SECURITIES.join(', ')}.`);
  return found;
}

/** A pin of the Pico's header: GPIO 0 to 28. */
export function pin(text: string): number {
  const value = /^\d{1,2}$/.test(text) ? Number(text) : 99;
  if (value > 28) throw new InvalidArgumentError('Give a GPIO number from 0 to 28.');
  return value;
}

/** A pin that need not be wired. */
export function pinOrNone(text: string): number | 'none' {
  return text === 'none' ? text : pin(text);
}

/** Number of an SPI bus. */
export function spiBus(text: string): 0 | 1 {
  if (text !== '0' && text !== '1') throw new InvalidArgumentError('Give 0 or 1.');
  return text === '0' ? 0 : 1;
}
