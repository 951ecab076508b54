// Trouble that a test asks for: replies late or never, events lost, a crash.

import type { ControlRequest } from '../firmware.js';
import type { WlanFirmware } from './wlan-firmware.js';

/** Which commands a fault strikes; default all. */
export interface CommandMatch {
  cmd?: number;
  /** Name of an iovar. */
  iovar?: string;
}

interface ReplyFault {
  left: number;
  match: CommandMatch;
  /** µs, or Infinity for never. */
  delay: number;
}

interface EventFault {
  left: number;
  type: number | null;
}

export class Faults {
  readonly counts = { delayed: 0, swallowed: 0, eventsLost: 0, traps: 0 };
  private replies: ReplyFault[] = [];
  private events: EventFault[] = [];

  constructor(private readonly fw: WlanFirmware) {}

  /** The next `count` matching commands are answered `microseconds` late; later ones wait behind them. */
  delayReplies(microseconds: number, count = 1, match: CommandMatch = {}): void {
    this.replies.push({ left: count, match, delay: microseconds });
  }

  /** The next `count` matching commands are carried out and never answered. */
  swallowReplies(count = 1, match: CommandMatch = {}): void {
    this.replies.push({ left: count, match, delay: Infinity });
  }

  /** The next `count` events, or those of one type, do not reach the host. */
  loseEvents(count = 1, type: number | null = null): void {
    this.events.push({ left: count, type });
  }

  /** Crashes at a time of the scheduler, or at once; power and core reset cure it. */
  trap(at = this.fw.scheduler.now): void {
    this.fw.scheduler.at(at, () => {
      if (!this.fw.running) return;
      this.counts.traps++;
      this.fw.crash();
    });
  }

  clear(): void {
    this.replies = [];
    this.events = [];
  }

  /** How late a reply is: 0, µs, or Infinity. */
  replyDelay(request: ControlRequest, iovar: string | null): number {
    const fault = this.replies.find(
      ({ match }) =>
        (match.cmd === undefined || match.cmd === request.cmd) &&
        (match.iovar === undefined || match.iovar === iovar),
    );
    if (!fault) return 0;
    if (--fault.left === 0) this.replies.splice(this.replies.indexOf(fault), 1);
    if (fault.delay === Infinity) this.counts.swallowed++;
    else this.counts.delayed++;
    return fault.delay;
  }

  losesEvent(type: number): boolean {
    const fault = this.events.find((f) => f.type === null || f.type === type);
    if (!fault) return false;
    if (--fault.left === 0) this.events.splice(this.events.indexOf(fault), 1);
    this.counts.eventsLost++;
    return true;
  }
}
