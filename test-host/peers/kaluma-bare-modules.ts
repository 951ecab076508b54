// Kaluma's `flash` and `fs`, and what goes with them, for a bare context of Node's: no realm of their own, no time.

import type { BoardFiles } from '../board/board-files.js';
import type { BoardFlash } from '../board/board-flash.js';
import { NO_COST } from '../board/cost.js';
import { createFlashModule } from '../board/kaluma-flash.js';
import { createFsModule } from '../board/kaluma-fs.js';
import type { Machine } from '../board/machine.js';
import type { Realm } from '../board/realm.js';
import { defineSystemError } from '../board/system-error.js';

/** @returns globals: `require` and `atob` */
export function bareModules(flash: BoardFlash, files: BoardFiles): Record<string, unknown> {
  const realm = {
    global: { Uint8Array },
    Error,
    TypeError,
    Array,
    fn: <F>(f: F): F => f,
    object: (properties: Record<string, unknown>) => properties,
  } as unknown as Realm;
  defineSystemError(realm);
  const machine = { flash, files, cost: NO_COST, spend: () => {} } as unknown as Machine;
  const modules: Record<string, object> = {
    fs: createFsModule(realm, machine),
    flash: createFlashModule(realm, machine),
  };
  return {
    require: (id: string): object => {
      if (!modules[id]) throw new Error(`Failed to load module: ${id}`);
      return modules[id];
    },
    atob: (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64')),
  };
}
