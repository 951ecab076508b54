// What a driver does against the rules of the firmware's interface, by name. The firmware goes on as the real one
// would; a test asserts that the total is 0, or asks for an exception at the first case.

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

export interface MisuseCase {
  kind: MisuseKind;
  /** µs of virtual time. */
  time: number;
  detail: string;
}

export class Misuse {
  readonly counts = Object.fromEntries(Object.keys(MISUSE_KINDS).map((k) => [k, 0])) as Record<
    MisuseKind,
    number
  >;
  total = 0;
  /** The last cases, oldest first. */
  readonly recent: MisuseCase[] = [];
  onMisuse: ((c: MisuseCase) => void) | null = null;

  /**
   * @param now reads the virtual time
   * @param strict throw at the first case
   */
  constructor(
    private readonly now: () => number,
    public strict = false,
  ) {}

  count(kind: MisuseKind, detail = ''): void {
    this.counts[kind]++;
    this.total++;
    const c = { kind, time: this.now(), detail };
    this.recent.push(c);
    if (this.recent.length > 50) this.recent.shift();
    this.onMisuse?.(c);
    if (this.strict) {
      const where = detail ? `: ${detail}` : '';
      throw new Error(`CYW43439 misuse: ${MISUSE_KINDS[kind]}${where} (at ${c.time} µs)`);
    }
  }

  reset(): void {
    this.total = 0;
    this.recent.length = 0;
    for (const k of Object.keys(this.counts) as MisuseKind[]) this.counts[k] = 0;
  }

  /** Kinds that occurred, with their counts; for messages. */
  summary(): string {
    const kinds = (Object.keys(this.counts) as MisuseKind[]).filter((k) => this.counts[k]);
    return kinds.map((k) => `${k} ${this.counts[k]}`).join(', ');
  }
}
