// The file system of a board as Kaluma's LittleFS keeps it in 512 KB of flash: what was written to a file is there once
// the file is closed, and not before. Survives resets; open files do not.

import { posix } from 'node:path';

/** LittleFS's error numbers. */
export const ENOENT = -2;
export const EEXIST = -17;
export const ENOTDIR = -20;
export const EISDIR = -21;
export const EINVAL = -22;
export const ENOSPC = -28;
export const ENOTEMPTY = -39;

const BLOCK = 4096;
/** Of 128 blocks the root directory takes two. */
const BLOCKS = 126;
/** Files up to here lie within their directory. */
const INLINE = 256;

export class FileError extends Error {
  constructor(readonly errno: number) {
    super(`error ${errno}`);
  }
}

export interface OpenFlags {
  read?: boolean;
  write?: boolean;
  create?: boolean;
  append?: boolean;
  exclusive?: boolean;
  truncate?: boolean;
}

export class OpenFile {
  position = 0;
  /** What the file will hold. */
  private content: Uint8Array;
  private changed: boolean;

  constructor(
    private readonly files: BoardFiles,
    private readonly path: string,
    content: Uint8Array,
    readonly flags: OpenFlags,
  ) {
    this.content = flags.truncate ? new Uint8Array(0) : content;
    this.changed = flags.truncate === true;
  }

  /** @returns bytes read: fewer at the end of the file */
  read(into: Uint8Array): number {
    const piece = this.content.subarray(this.position, this.position + into.length);
    into.set(piece);
    this.position += piece.length;
    return piece.length;
  }

  write(data: Uint8Array): void {
    if (this.flags.append) this.position = this.content.length;
    const end = this.position + data.length;
    const content = new Uint8Array(Math.max(end, this.content.length));
    content.set(this.content);
    content.set(data, this.position);
    this.files.checkRoom(this.path, content.length);
    this.content = content;
    this.position = end;
    this.changed = true;
  }

  close(): void {
    if (this.changed) this.files.commit(this.path, this.content);
  }
}

export class BoardFiles {
  /** By absolute path; null is a directory. */
  private readonly entries = new Map<string, Uint8Array | null>([['/', null]]);

  /** @throws FileError */
  open(name: string, flags: OpenFlags): OpenFile {
    const path = absolute(name);
    const found = this.entries.get(path);
    if (found === undefined) {
      if (!flags.create) throw new FileError(ENOENT);
      this.checkParent(path);
      this.entries.set(path, new Uint8Array(0));
    } else if (flags.exclusive) throw new FileError(EEXIST);
    else if (found === null) throw new FileError(EISDIR);
    return new OpenFile(this, path, found ?? new Uint8Array(0), flags);
  }

  /** @returns the size of a file, null for a directory. @throws FileError */
  stat(name: string): number | null {
    const found = this.entries.get(absolute(name));
    if (found === undefined) throw new FileError(ENOENT);
    return found === null ? null : found.length;
  }

  /** What a file holds. @throws FileError */
  content(name: string): Uint8Array {
    const found = this.entries.get(absolute(name));
    if (!found) throw new FileError(found === null ? EISDIR : ENOENT);
    return found;
  }

  /** Takes the place of what has the new name. @throws FileError */
  rename(from: string, to: string): void {
    const [source, target] = [absolute(from), absolute(to)];
    const found = this.entries.get(source);
    if (found === undefined) throw new FileError(ENOENT);
    this.checkParent(target);
    const replaced = this.entries.get(target);
    if (replaced !== undefined && (replaced === null) !== (found === null)) {
      throw new FileError(replaced === null ? EISDIR : ENOTDIR);
    }
    if (replaced === null && this.list(target).length) throw new FileError(ENOTEMPTY);
    const moved = [...this.entries].filter(([path]) => path === source || path.startsWith(`${source}/`));
    for (const [path] of moved) this.entries.delete(path);
    for (const [path, content] of moved) this.entries.set(target + path.slice(source.length), content);
  }

  /** Removes a file or an empty directory. @throws FileError */
  remove(name: string): void {
    const path = absolute(name);
    const found = this.entries.get(path);
    if (found === undefined) throw new FileError(ENOENT);
    if (path === '/') throw new FileError(EINVAL);
    if (found === null && this.list(path).length) throw new FileError(ENOTEMPTY);
    this.entries.delete(path);
  }

  /** @throws FileError */
  mkdir(name: string): void {
    const path = absolute(name);
    if (this.entries.has(path)) throw new FileError(EEXIST);
    this.checkParent(path);
    this.checkRoom(path, 2 * BLOCK);
    this.entries.set(path, null);
  }

  /** Names in a directory, sorted. @throws FileError */
  list(name: string): string[] {
    const path = absolute(name);
    const found = this.entries.get(path);
    if (found === undefined) throw new FileError(ENOENT);
    if (found !== null) throw new FileError(ENOTDIR);
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.entries.keys()]
      .filter((p) => p !== '/' && p.startsWith(prefix) && !p.slice(prefix.length).includes('/'))
      .map((p) => p.slice(prefix.length))
      .sort();
  }

  /** @throws FileError when the file system has no room for a file of this size */
  checkRoom(path: string, size: number): void {
    let blocks = blocksOf(size);
    for (const [other, content] of this.entries) {
      if (other !== path) blocks += content === null ? 2 : blocksOf(content.length);
    }
    // The root's two blocks are not counted in BLOCKS.
    if (blocks - 2 > BLOCKS) throw new FileError(ENOSPC);
  }

  commit(path: string, content: Uint8Array): void {
    this.entries.set(path, content);
  }

  private checkParent(path: string): void {
    const parent = this.entries.get(posix.dirname(path));
    if (parent === undefined) throw new FileError(ENOENT);
    if (parent !== null) throw new FileError(ENOTDIR);
  }
}

function absolute(name: string): string {
  return posix.resolve('/', name);
}

/** Every block but the first begins with pointers to blocks before it, two words on average. */
function blocksOf(size: number): number {
  return size <= INLINE ? 0 : Math.ceil(size / (BLOCK - 8));
}
