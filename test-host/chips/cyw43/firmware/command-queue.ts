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

/** Bytes of an answer that fit into a packet with its headers. */
const REPLY_MAX = 2000;
const NOTHING = new Uint8Array(0);

export class CommandQueue {
  private readonly waiting: ControlRequest[] = [];
  /** Stands for the command that is being carried out. */
  private current: Event | null = null;

  constructor(private readonly fw: WlanFirmware) {}

  add(request: ControlRequest): void {
    this.waiting.push(request);
    if (!this.current) this.next();
  }

  clear(): void {
    this.fw.scheduler.cancel(this.current);
    this.current = null;
    this.waiting.length = 0;
  }

  private next(): void {
    const { scheduler } = this.fw;
    const request = this.waiting.shift();
    this.current = request ? scheduler.after(commandTime(request), () => this.execute(request)) : null;
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
    if (late === 0 || late === Infinity) {
      this.next();
      if (late === 0) reply();
      return;
    }
    this.current = fw.scheduler.after(late, () => {
      this.next();
      reply();
    });
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
    if (answer.length > Math.min(outputLength, REPLY_MAX)) {
      throw new Refusal(BCME_BUFTOOSHORT, 'answerTooLong', `${command.name}: ${outputLength} bytes`);
    }
    const room = new Uint8Array(Math.min(outputLength, REPLY_MAX));
    room.set(answer);
    return room;
  }
}
