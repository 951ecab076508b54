// Kaluma's `url`: addresses with a host, taken apart, and the pairs of their query.

export class URL {
  /** With its colon. */
  protocol: string;
  username = '';
  password = '';
  hostname: string;
  port = '';
  pathname = '/';
  /** With its question mark. */
  search = '';
  /** Without its number sign. */
  hash = '';
  searchParams: URLSearchParams;

  /** @throws TypeError when it is no string with `://` in it */
  constructor(input: string) {
    const scheme = typeof input === 'string' ? input.indexOf('://') : -1;
    if (scheme <= 0) throw new TypeError('Invalid URL');
    this.protocol = input.slice(0, scheme + 1);
    const rest = input.slice(scheme + 3);
    const pathAt = ['/', '?', '#'].map((mark) => rest.indexOf(mark)).find((at) => at >= 0) ?? rest.length;
    const [user, host] = splitAt(rest.slice(0, pathAt), '@');
    if (host !== undefined) {
      const [name, password] = splitAt(user, ':');
      this.username = name;
      this.password = password ?? '';
    }
    const [hostname, port] = splitAt(host ?? user, ':');
    this.hostname = hostname;
    this.port = port ?? '';
    const path = rest.slice(pathAt);
    if (path) {
      const [target, hash] = splitAt(path, '#');
      const [pathname, query] = splitAt(target, '?');
      this.pathname = pathname;
      this.search = query === undefined ? '' : `?${query}`;
      this.hash = hash ?? '';
    }
    this.searchParams = new URLSearchParams(this.search);
  }

  get host(): string {
    return this.port ? `${this.hostname}:${this.port}` : this.hostname;
  }

  /** With user and password. */
  get origin(): string {
    const user = this.username + (this.password && `:${this.password}`);
    return `${this.protocol}//${user && `${user}@`}${this.host}`;
  }

  get href(): string {
    return this.toString();
  }

  toString(): string {
    return this.origin + this.pathname + this.search + (this.hash && `#${this.hash}`);
  }

  toJSON(): string {
    return this.toString();
  }
}

type Pair = [name: string, value: string];

/** Lists are arrays; a plus sign is a plus sign; what follows a second equals sign is kept apart and lost. */
export class URLSearchParams {
  private pairs: Pair[];

  constructor(input = '') {
    this.pairs = input
      .replace(/^\?/, '')
      .split('&')
      .filter((part) => part.includes('='))
      .map((part) => part.split('=').map((text) => decodeURIComponent(text)) as Pair);
  }

  append(name: string, value: unknown): void {
    this.pairs.push([name, String(value)]);
  }

  delete(name: string): void {
    this.pairs = this.pairs.filter((pair) => pair[0] !== name);
  }

  entries(): Pair[] {
    return this.pairs;
  }

  get(name: string): string | null {
    return this.first(name)?.[1] ?? null;
  }

  getAll(name: string): string[] {
    return this.pairs.filter((pair) => pair[0] === name).map((pair) => pair[1]);
  }

  has(name: string): boolean {
    return this.first(name) !== undefined;
  }

  keys(): string[] {
    return this.pairs.map((pair) => pair[0]);
  }

  values(): string[] {
    return this.pairs.map((pair) => pair[1]);
  }

  /** Unlike append(), keeps a value that is no string as it is when the name is there already. */
  set(name: string, value: string): void {
    const kept = this.first(name);
    if (!kept) return this.append(name, value);
    kept[1] = value;
    this.pairs = this.pairs.filter((pair) => pair === kept || pair[0] !== name);
  }

  toString(): string {
    return this.pairs.map((pair) => pair.slice(0, 2).map(encodeURIComponent).join('=')).join('&');
  }

  private first(name: string): Pair | undefined {
    return this.pairs.find((pair) => pair[0] === name);
  }
}

/** @returns what is before and after the first `mark`; nothing after when there is none */
function splitAt(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
