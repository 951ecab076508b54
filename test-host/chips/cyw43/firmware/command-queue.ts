// Commands one after the other: each takes its time, is judged and carried out, and is answered.

import { CDC_ERROR, CDC_SET } from '../firmware.js';
import type { ControlRequest } from '../firmware.js';
import type { Event } from '../../../sim/scheduler.js';
import { commandTime } from './command-times.js';
import { COMMANDS } from './commands.js';
import { BCME_BUFTOOSHORT, BCME_UNSUPPORTED, Refusal } from './errors.js';
import { iovarName } from './iovar-access.js';
import type { WlanFirmware } from './wlan-firmware.js';
import { WLC_GET_VAR, WLC_SET_VAR } from './wlc.js';

const NOTHING = new Uint8Array(0);

export class CommandQueue {
  private readonly pending = new Set<Event>();
  private busyUntil = 0;

  constructor(private readonly fw: WlanFirmware) {}

  add(request: ControlRequest): void {
    this.busyUntil = Math.max(this.busyUntil, this.fw.scheduler.now) + commandTime(request);
    this.at(this.busyUntil, () => this.execute(request));
  }

  clear(): void {
    for (const event of this.pending) this.fw.scheduler.cancel(event);
    this.pending.clear();
    this.busyUntil = 0;
  }

  private execute(request: ControlRequest): void {
    const { fw } = this;
    const { id, cmd, set, iface, data } = request;
    fw.counters.commands++;
    const isIovar = cmd === WLC_GET_VAR || cmd === WLC_SET_VAR;
    const late = fw.faults.replyDelay(request, isIovar ? iovarName(data) : null);
    let status = 0;
    let answer: Uint8Array = NOTHING;
    try {
      answer = this.perform(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      status = error.status;
      fw.counters.refused++;
      if (error.misuse) fw.misuse.count(error.misuse, error.detail);
    }
    const flags = (status ? CDC_ERROR : 0) | (set ? CDC_SET : 0);
    const reply = (): void => fw.host?.controlReply(id, cmd, iface, flags, status, answer);
    if (late === 0) reply();
    else if (late !== Infinity) {
      // The commands behind it wait as well.
      this.busyUntil = Math.max(this.busyUntil, fw.scheduler.now + late);
      this.at(fw.scheduler.now + late, reply);
    }
  }

  /** @returns for a get as many bytes as the host has room for, the answer first */
  private perform({ cmd, set, iface, outputLength, data: sent }: ControlRequest): Uint8Array {
    const { fw } = this;
    const data = sent.subarray(0, outputLength);
    const command = COMMANDS.get(cmd);
    if (!command || !(set ? command.set : command.get)) {
      const { unknownCommands } = fw.counters;
      unknownCommands.set(cmd, (unknownCommands.get(cmd) ?? 0) + 1);
      throw new Refusal(BCME_UNSUPPORTED);
    }
    fw.checkInterface(iface, command.name);
    if (data.length < (command.length ?? 0)) {
      throw new Refusal(BCME_BUFTOOSHORT, 'commandTooShort', `${command.name}: ${data.length} bytes`);
    }
    if (command.needsUp) fw.requireUp(command.name);
    if (set) {
      command.set?.(fw, iface, data);
      return NOTHING;
    }
    const answer = command.get!(fw, iface, data);
    if (answer.length > outputLength) {
      throw new Refusal(BCME_BUFTOOSHORT, 'answerTooLong', `${command.name}: ${outputLength} bytes`);
    }
    const room = new Uint8Array(outputLength);
    room.set(answer);
    return room;
  }

  private at(time: number, fn: () => void): void {
    const event = this.fw.scheduler.at(time, () => {
      this.pending.delete(event);
      fn();
    });
    this.pending.add(event);
  }
}
