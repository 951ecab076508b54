// Which group frames the firmware passes on to its host: broadcast always, groups on the list, or all.

import { macText } from '../../../air/index.js';
import { u32, words } from './bytes.js';
import { BCME_RANGE, Refusal } from './errors.js';

const MAX_GROUPS = 10;

export class MulticastFilter {
  all = false;
  /** Group frames kept from the host. */
  filtered = 0;
  private groups = new Set<string>();

  /** `mcast_list`: u32 count, 6 bytes each. */
  set(data: Uint8Array): void {
    const count = data.length < 4 ? 0 : u32(data, 0);
    if (data.length < 4 || data.length < 4 + 6 * count) {
      throw new Refusal(BCME_RANGE, 'iovarLength', `mcast_list of ${count} in ${data.length} bytes`);
    }
    if (count > MAX_GROUPS) throw new Refusal(BCME_RANGE, 'valueOutOfRange', `mcast_list of ${count}`);
    this.groups = new Set();
    for (let i = 0; i < count; i++) this.groups.add(macText(data, 4 + 6 * i));
  }

  get(): Uint8Array {
    const bytes = [...words(this.groups.size)];
    for (const group of this.groups) bytes.push(...group.split(':').map((x) => parseInt(x, 16)));
    return Uint8Array.from(bytes);
  }

  passes(frame: Uint8Array): boolean {
    if (!(frame[0]! & 1) || this.all) return true;
    const to = macText(frame);
    if (to === 'ff:ff:ff:ff:ff:ff' || this.groups.has(to)) return true;
    this.filtered++;
    return false;
  }
}
