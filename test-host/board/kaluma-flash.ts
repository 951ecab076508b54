// Kaluma's `flash` module: sectors read, programmed and erased, with its traps: arrays are taken from their buffer's
// start whatever the view's bounds are, and what is not whole pages is not written, without a word.

import { types } from 'node:util';
import { argumentChecks } from './arguments.js';
import { FLASH_PAGE, FLASH_SECTOR } from './board-flash.js';
import type { Machine } from './machine.js';
import type { Realm } from './realm.js';

const IOCTL_COUNT = 4;
const IOCTL_SIZE = 5;
const IOCTL_ERASE = 6;
const IOCTL_BUFFER = 7;

interface FlashObject {
  base: number;
  count: number;
  size: number;
}

export function createFlashModule(realm: Realm, machine: Machine): object {
  const check = argumentChecks(realm);
  const { cost, flash } = machine;
  const bufferOf = (value: unknown): { bytes: Uint8Array; length: number } => {
    if (!types.isTypedArray(value)) throw new realm.TypeError('"buffer" argument must be an TypedArray');
    return { bytes: new Uint8Array(value.buffer), length: value.byteLength };
  };

  const Flash = realm.fn(function (this: FlashObject, base?: unknown, count?: unknown) {
    this.base = check.numberOr(base, 'base', 0);
    this.count = check.numberOr(count, 'count', flash.sectors);
    this.size = FLASH_SECTOR;
  }, 'Flash');

  const at = (of: FlashObject, block: number, offset: number): number =>
    (of.base + block) * FLASH_SECTOR + offset;

  const read = realm.fn(function (this: FlashObject, block?: unknown, buffer?: unknown, offset?: unknown) {
    const sector = check.number(block, 'block');
    const { bytes, length } = bufferOf(buffer);
    const from = at(this, sector, check.numberOr(offset, 'offset', 0));
    for (let i = 0; i < length; i++) bytes[i] = flash.bytes[from + i] ?? 0xff;
    machine.spend(cost.flashCall + length * cost.flashReadByte);
  }, 'read');

  const write = realm.fn(function (this: FlashObject, block?: unknown, buffer?: unknown, offset?: unknown) {
    const sector = check.number(block, 'block');
    const { bytes, length } = bufferOf(buffer);
    const to = at(this, sector, check.numberOr(offset, 'offset', 0));
    machine.spend(cost.flashCall);
    if (to % FLASH_PAGE || length % FLASH_PAGE) return;
    flash.program(to, bytes.subarray(0, length));
    machine.spend((length / FLASH_PAGE) * cost.flashProgramPage);
  }, 'write');

  const ioctl = realm.fn(function (this: FlashObject, op?: unknown, arg?: unknown) {
    const operation = check.number(op, 'op');
    const sector = this.base + check.numberOr(arg, 'arg', 0);
    machine.spend(cost.flashCall);
    switch (operation) {
      case IOCTL_COUNT:
        return this.count;
      case IOCTL_SIZE:
        return this.size;
      case IOCTL_ERASE:
        flash.erase(sector);
        machine.spend(cost.flashEraseSector);
        return 0;
      case IOCTL_BUFFER:
        return FLASH_PAGE;
      default:
        return operation >= 1 && operation <= 3 ? 0 : -1;
    }
  }, 'ioctl');

  Flash.prototype = realm.object({ read, write, ioctl });
  return realm.object({ Flash });
}
