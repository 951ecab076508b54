// A web server on one Host, scripted clients on another, a cable between them, in virtual time.

import assert from 'node:assert/strict';
import {
  httpServerStart,
  type HttpRequest,
  type HttpResponse,
  type HttpServer,
} from '../../../firmware/services/http/server.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { assertClean, usage, type Usage } from '../../harness/clean.js';
import { Host } from '../../harness/host.js';
import { Link, type LinkConfig } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Client, responses, type Response } from './http-client.js';

export const SERVER = '10.0.0.1';

/** Constant content: each position tells itself from its neighbours. */
export const LARGE = Uint8Array.from({ length: 65536 }, (_, i) => 32 + ((i * 7 + (i >> 8)) % 90));
export const LARGE_TEXT = Buffer.from(LARGE).toString('latin1');

export class HttpBench {
  readonly scheduler = new Scheduler();
  readonly link: Link;
  readonly server: Host;
  readonly client: Host;
  readonly http: HttpServer;
  /** Responses that wait for httpRespond(). */
  readonly later: HttpResponse[] = [];
  readonly seen: HttpRequest[] = [];
  private readonly atRest: [Usage, Usage];

  constructor(
    options: Partial<StackOptions> = {},
    link: LinkConfig = {},
    client: Partial<StackOptions> = {},
  ) {
    this.link = new Link(this.scheduler, { delay: 500, ...link });
    this.server = new Host(this.scheduler, 1, { MEMP_NUM_TCP_PCB: 8, ...options });
    this.client = new Host(this.scheduler, 2, {
      MEMP_NUM_TCP_PCB: 32,
      PBUF_POOL_SIZE: 64,
      MEMP_NUM_TCP_SEG: 128,
      MEM_SIZE: 200000,
      ...client,
    });
    this.server.addInterface({ port: this.link.a, mac: '02:00:00:00:00:01', ip: SERVER });
    this.client.addInterface({ port: this.link.b, mac: '02:00:00:00:00:02', ip: '10.0.0.2' });
    this.http = httpServerStart(this.server.stack, 80, (q, r) => this.handle(q, r))!;
    this.run(10);
    this.atRest = [usage(this.server), usage(this.client)];
  }

  private handle(q: HttpRequest, r: HttpResponse): void {
    this.seen.push(q);
    switch (q.path) {
      case '/':
        r.body = 'root';
        return;
      case '/empty':
        return;
      case '/large':
        r.type = 'text/html';
        r.body = LARGE;
        return;
      case '/large-text':
        r.body = LARGE_TEXT;
        return;
      case '/utf8':
        r.type = 'text/plain; charset=utf-8';
        r.body = 'Grüße €';
        return;
      case '/fields':
        r.fields = 'Cache-Control: no-store\r\nX-Query: ' + q.query + '\r\n';
        return;
      case '/later':
        r.status = '';
        this.later.push(r);
        return;
    }
    r.status = '404 Not Found';
    r.body = 'nothing at ' + q.path;
  }

  run(ms: number): void {
    this.scheduler.runFor(ms * 1000);
  }

  connect(): Client {
    return new Client(this.client, SERVER);
  }

  /** Sends `text` on a connection of its own, lets `ms` go by and gives what came back. */
  ask(text: string, ms = 200): Client {
    const c = this.connect().send(text);
    this.run(ms);
    return c;
  }

  /** The one response to a request on a connection of its own, which is closed then. */
  one(text: string, methods?: string[]): Response {
    const c = this.ask(text);
    const all = responses(c.text, methods);
    assert.equal(all.length, 1, c.text.slice(0, 300));
    if (!c.over) c.close();
    this.run(100);
    return all[0]!;
  }

  /** After TIME_WAIT, with no connection left: asserts that nothing leaked on either side. */
  assertClean(): void {
    this.run(35_000);
    assert.equal(this.http.connections, 0, 'connections');
    assertClean(this.server, this.atRest[0]);
    assertClean(this.client, this.atRest[1]);
  }
}

export function get(path: string, ...fields: string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: pico', ...fields, '', ''].join('\r\n');
}
