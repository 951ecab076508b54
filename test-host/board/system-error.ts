// Kaluma's SystemError and the error numbers that the simulated natives give.

import type { Realm } from './realm.js';

export const EINVPIN = -140;
export const EDEVINIT = -145;
export const EDEVREAD = -146;
export const EDEVWRITE = -147;

const MESSAGES: Record<number, string> = {
  [EINVPIN]: 'Invalid pin number',
  [EDEVINIT]: 'Device Init/Deinit Error',
  [EDEVREAD]: 'Device Read Error',
  [EDEVWRITE]: 'Device Write Error',
};

/** Defines `SystemError` in the realm. */
export function defineSystemError(realm: Realm): void {
  const SystemError = realm.fn(function (this: { errno: number; message: string }, errno: number) {
    this.errno = errno > 0 ? -errno : errno;
    this.message = MESSAGES[this.errno] ?? 'Unknown error';
  }, 'SystemError');
  const prototype = Object.create(realm.Error.prototype) as object;
  Object.defineProperty(prototype, 'constructor', { value: SystemError, writable: true, configurable: true });
  SystemError.prototype = prototype;
  realm.global['SystemError'] = SystemError;
}

export function systemError(realm: Realm, errno: number): Error {
  return new (realm.global['SystemError'] as new (errno: number) => Error)(errno);
}
