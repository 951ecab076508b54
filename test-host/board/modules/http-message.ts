// Messages that arrive, in Kaluma's `http`, and what it makes of their bytes.

import { textOf } from './bytes.js';
import type { Socket } from './net.js';
import { Readable } from './stream.js';

declare const TextEncoder: new (encoding: string) => { encode(text: string): Uint8Array };

export type Headers = Record<string, string>;

export class IncomingMessage extends Readable {
  /** Names in lower case. */
  headers: Headers = {};
  method: string | null = null;
  httpVersion = '1.1';
  statusCode = 0;
  statusMessage = '';
  url: string | null = null;
  complete = false;

  constructor(readonly socket: Socket) {
    super();
    socket.on('close', () => this._afterDestroy());
  }
}

/**
 * Reads one message from the message's socket; what comes after it goes to the message, too, as data after its end.
 * @param onHead once the head is read, before the body
 */
export function readMessage(message: IncomingMessage, onHead: () => void): void {
  let buffer = '';
  let inBody = false;

  const pushText = (text: string): void => void message.push(new TextEncoder('ascii').encode(text));

  const finish = (): void => {
    if (message.complete) return;
    if (buffer) pushText(buffer);
    buffer = '';
    message.complete = true;
    message._afterEnd();
  };

  /** Without chunks nothing tells the length: the body is what came with the head. */
  const readBody = (): void => {
    const body = buffer;
    buffer = '';
    pushText(body);
    finish();
  };

  const readChunks = (): void => {
    for (;;) {
      const lineEnd = buffer.indexOf('\r\n');
      if (lineEnd < 0) {
        // Kaluma looks for the line for ever; a board has to be reset.
        throw new Error("Kaluma's http hangs here: what has come of a chunked body ends outside a chunk");
      }
      const size = parseInt(buffer.slice(0, lineEnd), 16);
      const start = lineEnd + 2;
      if (!(size > 0)) {
        buffer = '';
        return finish();
      }
      if (buffer.length < start + size) return;
      const chunk = buffer.slice(start, start + size);
      pushText(chunk);
      buffer = buffer.slice(start + size + 2);
    }
  };

  message.socket.on('data', (bytes: Uint8Array) => {
    buffer += textOf(bytes);
    if (!inBody) {
      const headEnd = buffer.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      readHead(message, buffer.slice(0, headEnd));
      buffer = buffer.slice(headEnd + 4);
      inBody = true;
      onHead();
    }
    if (message.headers['transfer-encoding'] === 'chunked') readChunks();
    else readBody();
  });
  message.socket.on('end', finish);
  message.socket.on('close', finish);
}

/**
 * A reason phrase ends at its first space, a header's value at a second colon.
 * @throws TypeError when the first line is shorter than three words
 */
function readHead(message: IncomingMessage, head: string): void {
  const [first, ...lines] = head.split('\n') as [string, ...string[]];
  const words = first.split(' ') as [string, string, string];
  if (words[0].trim().startsWith('HTTP/')) {
    message.httpVersion = versionOf(words[0]);
    message.statusCode = parseInt(words[1].trim(), 10);
    message.statusMessage = words[2].trim();
  } else {
    message.method = words[0].trim();
    message.url = words[1].trim();
    message.httpVersion = versionOf(words[2]);
  }
  for (const line of lines) {
    const [name, value] = line.split(':');
    if (value !== undefined) message.headers[name!.trim().toLowerCase()] = value.trim();
  }
}

function versionOf(word: string): string {
  return word.trim().split('/')[1]!;
}
