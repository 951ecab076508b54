// Kaluma's `http`: a client's requests, a server's responses. Bodies of responses always go in chunks.

import { textOf, type Data } from './bytes.js';
import type { Listener } from './events.js';
import { IncomingMessage, readMessage, type Headers } from './http-message.js';
import { Server as NetServer, Socket, type Remote } from './net.js';
import { Writable, type Done } from './stream.js';

export interface RequestOptions extends Remote {
  method?: string;
  path?: string;
  headers?: Headers;
}

const LAST_CHUNK = '0\r\n\r\n';

class OutgoingMessage extends Writable {
  headers: Headers = {};
  headersSent = false;

  constructor(readonly socket: Socket) {
    super();
    socket.on('close', () => {
      this._afterFinish();
      this._afterDestroy();
    });
  }

  setHeader(name: string, value: string): void {
    this.headers[name.toLowerCase()] = value;
  }

  getHeader(name: string): string | undefined {
    return this.headers[name.toLowerCase()];
  }

  removeHeader(name: string): void {
    delete this.headers[name.toLowerCase()];
  }

  override _write(data: string, done: Done): void {
    this.socket.write(data, done);
  }

  override _final(done: Done): void {
    this.socket.end(done);
  }

  /** The message is gone when the socket says so. */
  override _destroy(): void {
    this.socket.destroy();
  }

  protected get chunked(): boolean {
    return this.headers['transfer-encoding'] === 'chunked';
  }

  /** A part of the body as it goes over the wire. */
  protected encode(data: Data): string {
    const text = textOf(data);
    return this.chunked ? `${text.length.toString(16)}\r\n${text}\r\n` : text;
  }

  protected head(firstLine: string): string {
    const fields = Object.entries(this.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `${firstLine}\r\n${fields.join('')}\r\n`;
  }
}

/** Is kept as a whole until end(), which connects. */
class ClientRequest extends OutgoingMessage {
  readonly path: string;
  readonly incoming: IncomingMessage;

  constructor(
    readonly options: RequestOptions,
    socket: Socket,
  ) {
    super(socket);
    this.path = options.path || '/';
    if (options.headers) Object.assign(this.headers, options.headers);
    this.incoming = new IncomingMessage(socket);
    readMessage(this.incoming, () => void this.emit('response', this.incoming));
    socket.on('error', (error: Error) => void this.emit('error', error));
  }

  flushHeaders(): void {
    const { headers, options } = this;
    if (!('Host' in headers) && !('host' in headers)) this.setHeader('host', options.host);
    this._wbuf += this.head(`${options.method} ${this.path} HTTP/1.1`);
  }

  override write(chunk?: Data, done?: Done): this {
    this.append(chunk);
    if (done) done();
    return this;
  }

  override end(chunk?: Data, done?: Done): this {
    this.append(chunk);
    this.socket.connect(this.options, () => {
      super.end(this.chunked ? LAST_CHUNK : undefined, done);
      this._afterFinish();
    });
    return this;
  }

  private append(chunk?: Data): void {
    if (!this.headersSent) this.flushHeaders();
    this.headersSent = true;
    if (chunk) this._wbuf += this.encode(chunk);
  }
}

class ServerResponse extends OutgoingMessage {
  statusCode = 200;
  statusMessage = 'OK';

  /** Without a message the status is called OK, whatever it is. */
  writeHead(statusCode: number, statusMessage?: string, headers?: Headers): this {
    if (this.headersSent) return this;
    this.statusCode = statusCode;
    if (statusMessage) this.statusMessage = statusMessage;
    if (headers) Object.assign(this.headers, headers);
    this.headers['transfer-encoding'] = 'chunked';
    super.write(this.head(`HTTP/1.1 ${this.statusCode} ${this.statusMessage}`), () => {
      this.headersSent = true;
    });
    return this;
  }

  override write(chunk?: Data, done?: Done): this {
    this.needHead();
    super.write(chunk && this.encode(chunk), done);
    return this;
  }

  override end(chunk?: Data, done?: Done): this {
    this.needHead();
    super.end((chunk ? this.encode(chunk) : '') + (this.chunked ? LAST_CHUNK : ''), done);
    this._afterFinish();
    return this;
  }

  /** A head that was not written says 200, whatever statusCode was set to. */
  private needHead(): void {
    if (!this.headersSent) this.writeHead(200);
  }
}

class Server extends NetServer {
  constructor() {
    super();
    this.on('connection', (socket: Socket) => {
      const request = new IncomingMessage(socket);
      readMessage(request, () => void this.emit('request', request, new ServerResponse(socket)));
    });
  }
}

/** Fills in `options`: port and method. */
export function request(options: RequestOptions, onResponse?: Listener): ClientRequest {
  const socket = new Socket();
  options.port = options.port || 80;
  options.method = options.method || 'GET';
  const made = new ClientRequest(options, socket);
  if (onResponse) made.once('response', onResponse);
  return made;
}

export function get(options: RequestOptions, onResponse?: Listener): ClientRequest {
  options.method = 'GET';
  return request(options, onResponse).end();
}

export function createServer(onRequest?: Listener): Server {
  const server = new Server();
  if (onRequest) server.on('request', onRequest);
  return server;
}
