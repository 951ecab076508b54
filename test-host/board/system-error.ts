// Kaluma's SystemError and the error numbers that the simulated natives give.

import type { Realm } from './realm.js';

export const EINVPIN = -140;
export const EDEVINIT = -145;
export const EDEVREAD = -146;
export const EDEVWRITE = -147;

const MESSAGES: Record<number, string> = {
  [-2]: 'No such file or directory',
  [-6]: 'No such device or address',
  [-9]: 'Bad file number',
  [-12]: 'Out of memory',
  [-13]: 'Permission denied',
  [-16]: 'Device or resource busy',
  [-17]: 'File exists',
  [-19]: 'No such device',
  [-20]: 'Not a directory',
  [-21]: 'Is a directory',
  [-22]: 'Invalid argument',
  [-24]: 'Too many open files',
  [-28]: 'No space left on device',
  [-32]: 'Broken pipe',
  [-39]: 'Directory not empty',
  [-91]: 'Protocol wrong type for socket',
  [-95]: 'Operation not supported on transport endpoint',
  [-98]: 'Address already in use',
  [-99]: 'Cannot assign requested address',
  [-100]: 'Network is down',
  [-101]: 'Network is unreachable',
  [-103]: 'Software caused connection abort',
  [-104]: 'Connection reset by peer',
  [-105]: 'No buffer space available',
  [-106]: 'Transport endpoint is already connected',
  [-107]: 'Transport endpoint is not connected',
  [-108]: 'Cannot send after transport endpoint shutdown',
  [-110]: 'Connection timed out',
  [-111]: 'Connection refused',
  [-113]: 'No route to host',
  [-114]: 'Operation already in progress',
  [-115]: 'Operation now in progress',
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
