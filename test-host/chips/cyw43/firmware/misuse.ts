// What a driver does against the rules of the firmware's interface, by name. The firmware goes on as the real one
// would; a test asserts that the total is 0, or asks for an exception at the first case.

import { MisuseLog, type MisuseCase as Case } from '../../misuse-log.js';

/** Every kind of misuse with what it means. */
export const MISUSE_KINDS = {
  imageMissing: 'the core was started without a firmware image in RAM',
  imageDamaged: 'the firmware image in RAM is not as it was given out',
  nvramMissing: 'the core was started without NVRAM at the end of RAM',
  nvramDamaged: 'the NVRAM length word or its text is wrong',
  beforeReady: 'a command or frame before the firmware runs, or after it has crashed',
  unknownInterface: 'an interface or bsscfg other than 0 and 1, or 1 without apsta',
  commandTooShort: 'a command with fewer bytes than it takes',
  answerTooLong: 'a get with less room than the answer needs',
  iovarNameOpen: 'an iovar whose name is not ended by NUL',
  iovarLength: 'an iovar with a wrong number of bytes',
  valueOutOfRange: 'a value that the firmware does not take',
  commandBeforeUp: 'a command that needs the interface up (WLC_UP)',
  commandWhileUp: 'a command that needs the interface down',
  beforeClm: 'WLC_UP or a country before the CLM was loaded',
  clmOrder: 'CLM pieces without a begin, or of the wrong length or type',
  scanWhileScanning: 'a scan was started while one was running',
  joinWithoutCredentials: 'a join with WPA asked for and no passphrase handed over',
  joinWithoutSupplicant: 'a join with a passphrase and sup_wpa off',
  saeWithoutProtection: 'WPA3 asked for with mfp 0, or without WLC_SET_AUTH 3',
  apWithoutCredentials: 'an access point with WPA and no passphrase',
  apWithoutSsid: 'an access point was started without an SSID',
  frameLength: 'an Ethernet frame of less than 14 or more than 1518 bytes',
  foreignSource: "a frame of the station with another source address than the chip's",
} as const;

export type MisuseKind = keyof typeof MISUSE_KINDS;

export type MisuseCase = Case<MisuseKind>;

export class Misuse extends MisuseLog<MisuseKind> {
  /**
   * @param now reads the virtual time, µs
   * @param strict throw at the first case
   */
  constructor(now: () => number, strict = false) {
    super('CYW43439', MISUSE_KINDS, now, strict);
  }
}
