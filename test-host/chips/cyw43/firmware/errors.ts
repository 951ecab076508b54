// Error numbers of the firmware's command interface, and the exception by which a command is refused.

import type { MisuseKind } from './misuse.js';

export const BCME_OK = 0;
export const BCME_ERROR = -1;
export const BCME_BADARG = -2;
export const BCME_NOTUP = -4;
export const BCME_NOTDOWN = -5;
export const BCME_NOTAP = -6;
export const BCME_BUFTOOSHORT = -14;
export const BCME_BUSY = -16;
export const BCME_BADSSIDLEN = -18;
export const BCME_OUTOFRANGECHAN = -19;
export const BCME_BADADDR = -21;
export const BCME_UNSUPPORTED = -23;
export const BCME_BADLEN = -24;
export const BCME_NOTREADY = -25;
export const BCME_RANGE = -29;
/** Also the answer to what only a joined station can tell. */
export const BCME_NOTFOUND = -30;

/** Ends a command with a status; with `misuse`, it is counted as something a driver must not do. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly misuse: MisuseKind | null = null,
    readonly detail = '',
  ) {
    super(`refused with ${status}${misuse ? `: ${misuse}` : ''}`);
  }
}
