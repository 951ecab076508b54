// What each ground offers a bundle: the names that may stand free in it.

export type Ground = 'kaluma' | 'bare';

const ES5 =
  'Object Function Array String Boolean Number Date RegExp Error EvalError RangeError ReferenceError SyntaxError ' +
  'TypeError URIError Math JSON NaN Infinity undefined parseInt parseFloat isNaN isFinite encodeURIComponent ' +
  'decodeURIComponent ' +
  // Typed arrays belong to every ground (ECMAScript 2015, 23.2, but for their methods).
  'ArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array ' +
  'Float32Array Float64Array';

// Kaluma 1.2.1, src/global.c and src/modules/startup/startup.js.
const KALUMA =
  'global HIGH LOW INPUT OUTPUT INPUT_PULLUP INPUT_PULLDOWN LOW_LEVEL HIGH_LEVEL RISING FALLING CHANGE pinMode ' +
  'digitalRead digitalWrite digitalToggle pulseRead pulseWrite setWatch clearWatch attachInterrupt detachInterrupt ' +
  'enableInterrupts disableInterrupts setTimeout setInterval clearTimeout clearInterval delay millis ' +
  'delayMicroseconds micros analogRead analogWrite tone noTone console process TextEncoder TextDecoder btoa atob ' +
  'SystemError print seed require storage board Promise';

/** What a bundle calls until overlays.ts has replaced it. */
export const OVERLAY = '__overlay__';

/** Globals that every ground has from its language and that nothing replaces at run time. */
export const LANGUAGE_GLOBALS: ReadonlySet<string> = new Set(
  ES5.split(' ').filter((name) => !['NaN', 'Infinity', 'undefined'].includes(name)),
);

/** Globals that a bundle may use, by ground. `bare` is any ES5 engine with typed arrays and a way to print. */
export const GLOBALS: Record<Ground, ReadonlySet<string>> = {
  kaluma: new Set(`${ES5} ${KALUMA}`.split(' ')),
  bare: new Set(`${ES5} print console`.split(' ')),
};
