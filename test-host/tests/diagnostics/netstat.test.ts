// net.netstat(): every kind of endpoint, its queues and timers.

import assert from 'node:assert/strict';
import { IP_ADDR_BROADCAST } from '../../../firmware/stack/core/ipaddr.js';
import { pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { rawNew } from '../../../firmware/stack/raw/raw.js';
import {
  tcpAccept,
  tcpBind,
  tcpClose,
  tcpConnect,
  tcpListen,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { udpBind, udpConnect, udpNew } from '../../../firmware/stack/udp/udp.js';
import { ip } from '../../harness/host.js';
import { Pair } from '../tcp/pair.js';
import { Prompt } from './prompt.js';

const HEADING = 'State       Local                 Remote                 Recv Unack Unsnt  Timer';

/** Two connected hosts: `a` has called b's port 7, where data is refused while `deaf`. */
function connected(): { pair: Pair; prompt: Prompt; client: TcpPcb; server: () => TcpPcb; deaf: boolean } {
  const pair = new Pair({ delay: 1000 });
  let accepted: TcpPcb | null = null;
  const made = {
    pair,
    prompt: new Prompt(pair.a),
    client: tcpNew(pair.a.stack)!,
    server: () => accepted!,
    deaf: false,
  };
  pair.b.do((stack) => {
    const pcb = tcpNew(stack)!;
    tcpBind(pcb, 0, 7);
    tcpAccept(tcpListen(pcb)!, (_arg: never, q) => {
      accepted = q;
      tcpRecv(q!, (_a: never, r, p) => {
        if (p && made.deaf) return -1;
        if (p) {
          tcpRecved(r, p.totLen);
          pbufFree(p);
        }
        return 0;
      });
      return 0;
    });
  });
  pair.a.do(() => {
    tcpBind(made.client, 0, 5000);
    tcpConnect(made.client, ip('10.0.0.2'), 7, null);
  });
  pair.scheduler.runFor(100_000);
  return made;
}

describe('diagnostics: net.netstat()', () => {
  it('lists listeners, bound PCBs, UDP and raw endpoints', () => {
    const { a } = new Pair({});
    const prompt = new Prompt(a);
    a.do((stack) => {
      const one = tcpNew(stack)!;
      tcpBind(one, 0, 80);
      tcpListen(one);
      const two = tcpNew(stack)!;
      tcpBind(two, ip('10.0.0.1'), 8080);
      const u = udpNew(stack)!;
      udpBind(u, 0, 53);
      udpConnect(u, ip('10.0.0.2'), 5353);
      rawNew(stack, 1);
    });
    assert.deepEqual(prompt.type('netstat'), [
      HEADING,
      'CLOSED      10.0.0.1:8080         *:*                       0     0     0',
      'LISTEN      *:80                  *:*                       0',
      'udp         *:53                  10.0.0.2:5353',
      'raw 1       *:*                   *:*',
    ]);
  });

  it('tells what is queued to be sent, and when it is sent again', () => {
    const { pair, prompt, client } = connected();
    assert.deepEqual(prompt.type('netstat'), [
      HEADING,
      'ESTABLISHED 10.0.0.1:5000         10.0.0.2:7                0     0     0',
    ]);
    pair.link.setLoss(1);
    client.cwnd = 100;
    pair.a.do(() => {
      tcpWrite(client, new Uint8Array(100), TCP_WRITE_FLAG_COPY, 0, 100);
      tcpOutput(client);
      tcpWrite(client, new Uint8Array(70), TCP_WRITE_FLAG_COPY, 0, 70);
    });
    assert.equal(
      prompt.type('netstat')[1],
      'ESTABLISHED 10.0.0.1:5000         10.0.0.2:7                0   100    70   R1/0',
    );
    prompt.wait(10_000);
    const again = /^ESTABLISHED .* R(\d+)\/(\d+)$/.exec(prompt.type('netstat')[1]!)!;
    assert(Number(again[1]) >= 1 && Number(again[2]) >= 3, again[0]);
  });

  it('tells what the application has not taken', () => {
    const made = connected();
    const { pair, client } = made;
    const prompt = new Prompt(pair.b);
    made.deaf = true;
    pair.a.do(() => {
      tcpWrite(client, new Uint8Array(321), TCP_WRITE_FLAG_COPY, 0, 321);
      tcpOutput(client);
    });
    prompt.wait(20);
    assert.equal(
      prompt.type('netstat')[1],
      'ESTABLISHED 10.0.0.2:7            10.0.0.1:5000           321     0     0',
    );
  });

  it('tells a zero-window probe, FIN_WAIT_2 and TIME_WAIT with the time that is left', () => {
    const { pair, prompt, client, server } = connected();
    client.sndWnd = 0;
    pair.a.do(() => {
      tcpWrite(client, new Uint8Array(10), TCP_WRITE_FLAG_COPY, 0, 10);
      tcpOutput(client);
    });
    assert.match(prompt.type('netstat')[1]!, /^ESTABLISHED .* 0 {5}0 {4}10 {3}P1\/0$/);
    client.sndWnd = 5840;
    prompt.wait(3000);
    pair.a.do(() => tcpClose(client));
    assert.match(prompt.type('netstat', [], 100)[1]!, /^FIN_WAIT_1 /);
    assert.match(prompt.type('netstat', [], 100)[1]!, /^FIN_WAIT_2 .* F60\/0$/);
    pair.b.do(() => tcpClose(server()));
    prompt.wait(4500);
    assert.equal(
      prompt.type('netstat')[1],
      'TIME_WAIT   10.0.0.1:5000         10.0.0.2:7                                  W6',
    );
    prompt.wait(6000);
    assert.deepEqual(prompt.type('netstat'), [HEADING]);
  });

  it('fills the width and no more with the largest values', () => {
    const { prompt, client } = connected();
    Object.assign(client, {
      localIp: IP_ADDR_BROADCAST,
      remoteIp: IP_ADDR_BROADCAST,
      localPort: 65535,
      remotePort: 65535,
      sndUna: 0,
      sndNxt: 65535,
      sndLbb: 131070,
      rcvWnd: client.stack.opt.TCP_WND - 65535,
      timer: 1,
      timerAt: 60100,
      nrtx: 12,
    });
    const line = prompt.type('netstat', [], 0)[1]!;
    assert.equal(line, 'ESTABLISHED 255.255.255.255:65535 255.255.255.255:65535 65535 65535 65535 R60/12');
    assert.equal(line.length, 80);
  });
});
