// Code of a program that is not in memory but in the comment at its head, put there by the build: read from where Kaluma
// keeps the program, a Pico's flash at 0x100000.

import { kalumaFlash } from './kaluma_flash.js';

declare const TextDecoder: new () => KalumaTextDecoder;

/** @external */
interface KalumaTextDecoder {
  decode(bytes: Uint8Array): string;
}

/** Sectors of the program area, and where it begins behind the storage area. */
const SECTORS = 128;
const PROGRAM = 4;

/**
 * Makes a function of code; it is in memory as long as somebody holds the function.
 * @param mark what the code begins and ends with, as a string: told from it that this is still the program in flash
 * @param at byte of the program at which the code begins
 * @param length bytes of it
 * @param names of what the code uses of the rest of the program, with commas between
 * @param values what these stand for
 * @returns what the code returns; null when it is not there
 */
export function kalumaCode(
  mark: string,
  at: number,
  length: number,
  names: string,
  values: unknown[],
): unknown {
  const bytes = new Uint8Array(length);
  kalumaFlash(PROGRAM, SECTORS).read(0, bytes, at);
  const code = new TextDecoder().decode(bytes);
  if (code.slice(0, mark.length) !== mark || code.slice(-mark.length) !== mark) return null;
  // eslint-disable-next-line no-restricted-syntax, prefer-spread -- the one place: what it runs was cut out of this very program; ES5
  return (new Function(names, code) as (...all: unknown[]) => unknown).apply(null, values);
}
