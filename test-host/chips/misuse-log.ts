// What a driver does against a chip's rules, by name: counted, the last cases remembered. Which rules there are is each
// chip's own.

export interface MisuseCase<Kind extends string> {
  kind: Kind;
  /** µs of virtual time. */
  time: number;
  detail: string;
}

const REMEMBERED = 50;

export class MisuseLog<Kind extends string> {
  readonly counts: Record<Kind, number>;
  total = 0;
  /** The last cases, oldest first. */
  readonly recent: MisuseCase<Kind>[] = [];
  onMisuse: ((c: MisuseCase<Kind>) => void) | null = null;

  /**
   * @param chip its name, for messages
   * @param kinds every kind of misuse with what it means
   * @param now reads the virtual time, µs
   * @param strict throw at the first case
   */
  constructor(
    private readonly chip: string,
    private readonly kinds: Readonly<Record<Kind, string>>,
    private readonly now: () => number,
    public strict = false,
  ) {
    this.counts = Object.fromEntries(this.names.map((kind) => [kind, 0])) as Record<Kind, number>;
  }

  private get names(): Kind[] {
    return Object.keys(this.kinds) as Kind[];
  }

  count(kind: Kind, detail = ''): void {
    this.counts[kind]++;
    this.total++;
    const c = { kind, time: this.now(), detail };
    this.recent.push(c);
    if (this.recent.length > REMEMBERED) this.recent.shift();
    this.onMisuse?.(c);
    if (!this.strict) return;
    const what = detail ? `${this.kinds[kind]}: ${detail}` : this.kinds[kind];
    throw new Error(`${this.chip} misuse: ${what} (at ${c.time} µs)`);
  }

  reset(): void {
    this.total = 0;
    this.recent.length = 0;
    for (const kind of this.names) this.counts[kind] = 0;
  }

  /** Kinds that occurred, with their counts; for messages. */
  summary(): string {
    return this.names
      .filter((kind) => this.counts[kind])
      .map((kind) => this.summaryOf(kind))
      .join(', ');
  }

  protected summaryOf(kind: Kind): string {
    return `${kind} ${this.counts[kind]}`;
  }
}
