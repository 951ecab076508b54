// Puts an image onto a board's file system over its serial prompt: in pieces, each written, closed, and summed as it
// lies there. The file has another name until it is whole, so that a broken transfer leaves no image that looks right,
// and the next one goes on where it ended.

import { SECTOR, type FlashLayout } from '../flash-layout.js';
import { UserError } from '../user-error.js';
import type { Conversation } from './conversation.js';
import { KalumaPrompt, NoAnswer, PROMPT_TIMES, type PromptTimes } from './kaluma-prompt.js';
import { rawImageExpression } from './raw-image.js';

/** Written, closed and verified at a time, bytes: what a broken transfer loses at most. */
const PIECE = 16384;
/** Bytes of a block: as Base64 they are less than the 2048 characters that Kaluma keeps until a program reads them. */
const BLOCK = 1023;
/** Times that a piece is written. */
const TRIES = 3;

export interface FileTimes {
  prompt: PromptTimes;
  /** Until a block is written, ms; a flash chip may take 400 ms for each sector (W25Q16JV datasheet, 9.6). */
  write: number;
  /** Until a piece has been read and summed, ms. */
  sum: number;
}

export const FILE_TIMES: FileTimes = { prompt: PROMPT_TIMES, write: 5000, sum: 10_000 };

/**
 * What the board runs: to close the file and to open it; to write a block into it; and to sum a file's words: added, and
 * the sums so far added, so that their order matters, too.
 *
 * A block comes as Base64 into stdin, once `w` has asked for it: bytes as they are could hold a Ctrl-C; and what stands in
 * a line as a literal stays in the engine's heap until a reset, after which Kaluma 1.2.1 may fail to write files at all
 * (it leaves a setting of LittleFS to what memory held before; then mounting anew, `m`, gives it other memory).
 */
const FUNCTIONS = [
  'lw.c=function(){if(lw.d>=0)lw.f.close(lw.d);lw.d=-1}',
  'lw.o=function(p,m){lw.c();lw.d=lw.f.open(p,m);return lw.d>=0}',
  "lw.w=function(n,p,l){var t=millis(),s,v;print('<lw'+n+'+');try{while(!(s=process.stdin.read(l)))" +
    "if(millis()-t>3000)throw'no data';s=atob(lw.t.decode(s));v=lw.f.write(lw.d,s,0,s.length,p)}catch(e){v='! '+e}" +
    "return '<lw'+n+':'+v+':lw'+n+'>'}",
  'lw.s=function(p,at,to){var d=lw.f.open(p),b=new Uint8Array(4096),w=new Uint32Array(b.buffer),x=0,y=0,i,n;' +
    'for(;at<to;at+=4096){n=to-at<4096?to-at:4096;lw.f.read(d,b,0,n,at);n>>=2;' +
    "for(i=0;i<n;i++){x=x+w[i]|0;y=y+x|0}}lw.f.close(d);return x+' '+y}",
  "lw.m=function(b,n){lw.k.push(lw.f.__mounts[0]);lw.f.unmount('/');" +
    "lw.f.mount('/',new(require('flash').Flash)(b,n),'lfs')}",
];

export class FileBoard {
  private readonly prompt: KalumaPrompt;

  /**
   * @param line to a board that runs no program
   * @param port its name, for messages
   */
  constructor(
    private readonly line: Conversation,
    private readonly port: string,
    private readonly layout: FlashLayout,
    private readonly times: FileTimes = FILE_TIMES,
  ) {
    this.prompt = new KalumaPrompt(line, times.prompt);
  }

  /** Defines what the other calls use. @throws UserError */
  async begin(): Promise<void> {
    await this.attach();
    this.line.write("var lw={f:require('fs'),t:new TextDecoder(),d:-1,k:lw?lw.k:[]}\r");
    for (const text of FUNCTIONS) await this.value(`(${text},0)`);
  }

  /** Leaves the prompt as it was. */
  async end(): Promise<void> {
    await this.attempt('lw.c()');
    this.line.write('.echo on\r');
    await this.line.quiet(this.times.prompt.quiet, this.times.prompt.answer);
  }

  /** Erases the image in raw flash, if there is one. @returns whether there was */
  async eraseRawImage(): Promise<boolean> {
    return (await this.value(rawImageExpression(this.layout, true))) === '1';
  }

  /** Whether the file is there and holds these bytes, a multiple of 4. */
  async holds(path: string, bytes: Uint8Array): Promise<boolean> {
    return (await this.size(path)) === bytes.length && (await this.same(path, bytes, bytes.length));
  }

  /**
   * Stores a file under its name in place of an older one, which is removed first: there may be no room for both.
   * @param partPath its name until it is whole; a beginning that is there already is kept
   * @param bytes a multiple of 4
   * @param onStored told of the bytes that are stored and verified
   * @throws UserError
   */
  async store(
    path: string,
    partPath: string,
    bytes: Uint8Array,
    onStored: (count: number) => void,
  ): Promise<void> {
    if ((await this.size(path)) >= 0) await this.value(`lw.f.unlink('${path}')`);
    let at = await this.size(partPath);
    const goesOn = at > 0 && at % PIECE === 0 && at < bytes.length && (await this.same(partPath, bytes, at));
    if (!goesOn) at = 0;
    onStored(at);
    while (at < bytes.length) {
      const piece = bytes.subarray(at, at + PIECE);
      await this.storePiece(partPath, piece, at);
      at += piece.length;
      onStored(at);
    }
    await this.value(`lw.f.rename('${partPath}','${path}')`);
  }

  private async storePiece(path: string, piece: Uint8Array, at: number): Promise<void> {
    let failure = 'it does not hold what was written';
    for (let tries = 0; tries < TRIES; tries++) {
      if (tries > 0) await this.recover();
      const answer = await this.writePiece(path, piece, at);
      if (answer === null) continue;
      if (answer.startsWith('!')) failure = answer.slice(2);
      else if ((await this.sum(path, at, at + piece.length)) === sumOf(piece)) return;
    }
    throw new UserError(
      /No space left/.test(failure)
        ? `the board on ${this.port} has no room for the file: remove others there (require('fs').unlink)`
        : `the board on ${this.port} cannot store ${path}, from byte ${at} on: ${failure}`,
    );
  }

  /** @returns null when the board did not answer, `! …` when it failed */
  private async writePiece(path: string, piece: Uint8Array, at: number): Promise<string | null> {
    const opened = await this.attempt(`lw.o('${path}','${at ? 'r+' : 'w'}')`);
    if (opened !== 'true') return opened;
    for (let i = 0; i < piece.length; i += BLOCK) {
      const block = piece.subarray(i, i + BLOCK);
      const data = Buffer.from(block).toString('base64');
      const line = (n: number): string => `lw.w(${n},${at + i},${data.length})`;
      const answer = await this.prompt.ask(line, this.times.write, data);
      if (answer !== String(block.length)) return answer;
    }
    return this.attempt('lw.c()');
  }

  /** Gets the board's attention and its file system going again. */
  private async recover(): Promise<void> {
    const { files, storage } = this.layout;
    await this.begin();
    await this.attempt(`lw.m(${(files.offset - storage.offset) / SECTOR},${files.size / SECTOR})`);
  }

  /** Whether the file's first bytes are these. */
  private async same(path: string, bytes: Uint8Array, count: number): Promise<boolean> {
    for (let at = 0; at < count; at += PIECE) {
      const end = Math.min(at + PIECE, count);
      if ((await this.sum(path, at, end)) !== sumOf(bytes.subarray(at, end))) return false;
    }
    return true;
  }

  private sum(path: string, from: number, to: number): Promise<string | null> {
    return this.attempt(`lw.s('${path}',${from},${to})`, this.times.sum);
  }

  /** @returns its bytes, or -1 */
  private async size(path: string): Promise<number> {
    return Number(await this.value(`(lw.f.exists('${path}')?lw.f.stat('${path}').size:-1)`));
  }

  private attempt(expression: string, ms = this.times.write): Promise<string | null> {
    return this.prompt.evaluate(expression, ms);
  }

  /** @throws UserError when there is no answer, or an error */
  private async value(expression: string): Promise<string> {
    const answer = await this.attempt(expression);
    if (answer === null) throw this.silent();
    if (answer.startsWith('!')) throw new UserError(`the board on ${this.port} says ${answer.slice(2)}`);
    return answer;
  }

  private async attach(): Promise<void> {
    try {
      await this.prompt.attach();
    } catch (error) {
      throw error instanceof NoAnswer ? this.silent() : error;
    }
    this.line.write('.echo off\r');
    await this.line.quiet(this.times.prompt.quiet, this.times.prompt.answer);
  }

  private silent(): UserError {
    return new UserError(`the board on ${this.port} does not answer`);
  }
}

/** As the board's lw.s does. */
function sumOf(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [sum, sums] = [0, 0];
  for (let at = 0; at < bytes.length; at += 4) {
    sum = (sum + view.getUint32(at, true)) | 0;
    sums = (sums + sum) | 0;
  }
  return `${sum} ${sums}`;
}
