// Kaluma's `fs` module on the board's files. Where a program would make Kaluma write beyond an array, or run into an
// assertion of LittleFS that ends the firmware, it is told so.

import { types } from 'node:util';
import { argumentChecks } from './arguments.js';
import { FileError, type OpenFile, type OpenFlags } from './board-files.js';
import type { Machine } from './machine.js';
import type { Realm } from './realm.js';
import { systemError } from './system-error.js';

const EBADF = -9;

/** As Kaluma has them: only 'w' creates a file, and only 'a' appends, but cannot write. */
const FLAGS: Readonly<Record<string, OpenFlags>> = {
  'r': { read: true },
  'r+': { read: true, write: true },
  'w': { write: true, create: true, truncate: true },
  'wx': { write: true, exclusive: true },
  'w+': { read: true, write: true, truncate: true },
  'wx+': { read: true, write: true, exclusive: true },
  'a': { append: true },
  'ax': { append: true, exclusive: true },
  'a+': { append: true, read: true },
  'ax+': { append: true, read: true, exclusive: true },
};
const SYNONYMS: Readonly<Record<string, string>> = {
  'rs': 'r',
  'sr': 'r',
  'rs+': 'r+',
  'sr+': 'r+',
  'xw': 'wx',
  'xw+': 'wx+',
  'xa': 'ax',
  'xa+': 'ax+',
};

export function createFsModule(realm: Realm, machine: Machine): object {
  const check = argumentChecks(realm);
  const { cost, files } = machine;
  const open: (OpenFile | null)[] = [];

  /** Runs what may fail as LittleFS does. */
  const tried = <T>(operation: () => T): T => {
    try {
      return operation();
    } catch (error) {
      if (error instanceof FileError) throw systemError(realm, error.errno);
      throw error;
    }
  };
  const fileOf = (fd: unknown): OpenFile => {
    const file = open[Number(fd)];
    if (!file) throw systemError(realm, EBADF);
    return file;
  };
  const hangs = (why: string): never => {
    throw new realm.Error(`Kaluma hangs here: ${why}`);
  };
  /** The piece of the array's buffer that is meant; the view's own offset is ignored. */
  const piece = (buffer: unknown, offset: unknown, length: unknown): Uint8Array => {
    if (!types.isTypedArray(buffer)) throw new realm.TypeError('"buffer" argument must be an TypedArray');
    const from = check.numberOr(offset, 'offset', 0);
    const size = check.numberOr(length, 'length', buffer.byteLength);
    if (from < 0 || from + size > buffer.buffer.byteLength) hangs('memory beyond the array');
    return new Uint8Array(buffer.buffer, from, size);
  };
  const seek = (file: OpenFile, position: unknown): void => {
    const to = check.numberOr(position, 'position', -1);
    if (to > -1) file.position = to;
  };

  const fs: Record<string, (...args: unknown[]) => unknown> = {
    open(path, flags = 'r') {
      const name = check.string(path, 'path');
      machine.spend(cost.fsOpen);
      const mode = FLAGS[SYNONYMS[String(flags)] ?? String(flags)] ?? {};
      const file = tried(() => files.open(name, mode));
      const free = open.indexOf(null);
      if (free < 0) return open.push(file) - 1;
      open[free] = file;
      return free;
    },
    read(fd, buffer, offset, length, position) {
      const file = fileOf(fd);
      const into = piece(buffer, offset, length);
      seek(file, position);
      if (!file.flags.read) hangs('the file is not open for reading');
      const count = file.read(into);
      machine.spend(cost.fsRead + count * cost.fsReadByte);
      return count;
    },
    write(fd, buffer, offset, length, position) {
      const file = fileOf(fd);
      const data = piece(buffer, offset, length);
      seek(file, position);
      if (!file.flags.write) hangs('the file is not open for writing');
      tried(() => file.write(data));
      machine.spend(data.length * cost.fsWriteByte);
      return data.length;
    },
    close(fd) {
      const file = fileOf(fd);
      machine.spend(cost.fsClose);
      file.close();
      open[Number(fd)] = null;
    },
    stat(path) {
      const name = check.string(path, 'path');
      machine.spend(cost.fsStat);
      const size = tried(() => files.stat(name));
      return stats(size);
    },
    exists(path) {
      const name = check.string(path, 'path');
      machine.spend(cost.fsStat);
      try {
        files.stat(name);
        return true;
      } catch {
        return false;
      }
    },
    readFile(path) {
      const content = tried(() => files.content(check.string(path, 'path')));
      machine.spend(
        cost.fsStat + cost.fsOpen + cost.fsRead + content.length * cost.fsReadByte + cost.fsClose,
      );
      const made = new (realm.global['Uint8Array'] as Uint8ArrayConstructor)(content.length);
      made.set(content);
      return made;
    },
    writeFile(path, data) {
      const fd = fs['open']!(path, 'w');
      fs['write']!(fd, data, 0, (data as Uint8Array).length, 0);
      fs['close']!(fd);
    },
    unlink(path) {
      tried(() => files.remove(check.string(path, 'path')));
      machine.spend(cost.fsStat);
    },
    rename(from, to) {
      tried(() => files.rename(check.string(from, 'oldPath'), check.string(to, 'newPath')));
      machine.spend(cost.fsStat);
    },
    mkdir(path) {
      tried(() => files.mkdir(check.string(path, 'path')));
      machine.spend(cost.fsStat);
    },
    readdir(path) {
      machine.spend(cost.fsStat);
      return realm.Array.from(tried(() => files.list(check.string(path, 'path'))));
    },
  };
  fs['rmdir'] = fs['unlink']!;
  fs['rm'] = fs['unlink']!;

  const Stats = realm.fn(function (this: { type: number; size: number }) {
    this.type = 0;
    this.size = 0;
  }, 'Stats') as unknown as { new (): { type: number; size: number }; prototype: object };
  Stats.prototype = realm.object({
    isDirectory: realm.fn(function (this: { type: number }) {
      return this.type === 2;
    }, 'isDirectory'),
    isFile: realm.fn(function (this: { type: number }) {
      return this.type === 1;
    }, 'isFile'),
  });
  const stats = (size: number | null): object => {
    const made = new Stats();
    made.type = size === null ? 2 : 1;
    made.size = size ?? 0;
    return made;
  };

  const module = realm.object({ Stats });
  for (const [name, fn] of Object.entries(fs)) module[name] = realm.fn(fn, name);
  return module;
}
