// Records the fuzzer's corpus: conversations of a host of ours with the Linux kernel, curl, ping and dnsmasq over
// a TAP in a network namespace. Needs root. Run: npx tsx test-host/fuzz/record.ts

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ERR_OK } from '../../firmware/stack/core/err.js';
import { ipaddrNtoa } from '../../firmware/stack/core/ipaddr.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree } from '../../firmware/stack/core/pbuf.js';
import { dhcpRelease, dhcpRenew, dhcpStart, dhcpSuppliedAddress } from '../../firmware/stack/dhcp/dhcp.js';
import { dnsGethostbyname } from '../../firmware/stack/dns/dns.js';
import { pingNew, pingRemove, pingSend } from '../../firmware/stack/icmp/ping.js';
import { udpBind, udpNew, udpRecv, udpRemove, udpSendto } from '../../firmware/stack/udp/udp.js';
import { httpServerStart } from '../../firmware/services/http/server.js';
import { ip, type Host } from '../harness/host.js';
import { Bench, DEVICE, KERNEL_IP } from '../linux/bench.js';
import { connect, listen, type Stream } from '../linux/streams.js';
import { pattern } from '../linux/pattern.js';
import { captureLink, PcapngWriter } from '../sim/pcapng.js';
import { CORPUS } from './corpus.js';

const KERNEL_MAC = '02:00:00:77:00:01';
const LISTENER = 7001;
const CLOSED = 7002;

async function record(): Promise<Uint8Array> {
  const bench = await Bench.open('host');
  try {
    await bench.space.ip('link', 'set', DEVICE, 'address', KERNEL_MAC);
    const blocks: Uint8Array[] = [];
    bench.inject(() => captureLink(new PcapngWriter((b) => blocks.push(b.slice())), bench.link, 'wire'));
    await bench.startDnsmasq();
    const host = bench.addHost({ MEM_SIZE: 65536, TCP_WND: 8760, PBUF_POOL_SIZE: 24 }, null);
    await lease(bench, host);
    const address = ipaddrNtoa(host.netif.ipAddr);
    await names(bench, host);
    await pings(bench, host, address);
    await datagrams(bench, host, address);
    await streams(bench, host, address);
    await pages(bench, host, address);
    bench.do(host, () => dhcpRenew(host.netif));
    await bench.pause(300);
    bench.do(host, () => dhcpRelease(host.netif));
    await bench.pause(300);
    return Buffer.concat(blocks);
  } finally {
    await bench.close();
  }
}

async function lease(bench: Bench, host: Host): Promise<void> {
  host.netif.hostname = 'lightwire';
  bench.do(host, () => dhcpStart(host.netif));
  for (let i = 0; i < 200; i++) {
    if (bench.do(host, () => dhcpSuppliedAddress(host.netif))) return;
    await bench.pause(50);
  }
  throw new Error('no lease');
}

async function names(bench: Bench, host: Host): Promise<void> {
  for (const name of ['server.example.test', 'alias.example.test', 'nobody.example.test']) {
    await new Promise<void>((resolve) =>
      bench.do(host, (stack) => {
        const err = dnsGethostbyname(stack, name, { addr: 0 }, () => resolve(), null);
        if (err === ERR_OK) resolve();
      }),
    );
  }
}

async function pings(bench: Bench, host: Host, address: string): Promise<void> {
  const ping = (...args: string[]): Promise<unknown> => bench.space.check('ping', ['-n', ...args, address]);
  await ping('-c', '2', '-i', '0.05');
  await ping('-c', '1', '-s', '0');
  await ping('-c', '1', '-s', '1472');
  await ping('-c', '1', '-s', '3300');
  await ping('-c', '1', '-R');
  await ping('-c', '1', '-T', 'tsonly');
  await new Promise<void>((resolve) =>
    bench.do(host, (stack) => {
      const pinger = pingNew(stack)!;
      pingSend(pinger, ip(KERNEL_IP), 56, 1000, () => (pingRemove(pinger), resolve()), null);
    }),
  );
}

async function datagrams(bench: Bench, host: Host, address: string): Promise<void> {
  bench.do(host, (stack) => {
    const echo = udpNew(stack)!;
    udpBind(echo, 0, 7);
    udpRecv(echo, (_arg, pcb, p, from, port) => (udpSendto(pcb, p, from, port), void pbufFree(p)), null);
  });
  await bench.agent.call('udp', { host: address, port: 7, sizes: [0, 1, 200, 1472, 2500], seed: 3 });
  // Answered by port unreachable, each way.
  await bench.agent.call('udp', { host: address, port: CLOSED, sizes: [10], seed: 3 });
  bench.do(host, (stack) => {
    const pcb = udpNew(stack)!;
    const p = pbufAlloc(stack, PBUF_TRANSPORT, 100, PBUF_RAM)!;
    p.payload.set(pattern(9, 100), p.off);
    udpSendto(pcb, p, ip(KERNEL_IP), CLOSED);
    pbufFree(p);
    udpRemove(pcb);
  });
  await bench.pause(50);
}

async function streams(bench: Bench, host: Host, address: string): Promise<void> {
  const { agent } = bench;
  const accepted: Stream[] = [];
  bench.do(host, () => {
    listen(
      host,
      7,
      () => ({ echo: true, end: 'after-peer' }),
      (s) => accepted.push(s),
    );
    listen(
      host,
      19,
      () => ({ send: pattern(5, 4000), end: 'after-sending' }),
      (s) => accepted.push(s),
    );
  });
  // The kernel opens: it closes first, we close first, it resets, there is nobody.
  await agent.call('connect', {
    host: address,
    port: 7,
    behaviour: { send: 6000, seed: 4, end: 'after-sending' },
  });
  await agent.call('connect', { host: address, port: 19, behaviour: { end: 'after-peer' } });
  await agent.call('connect', {
    host: address,
    port: 7,
    behaviour: { send: 300, end: 'never', resetAfter: 300 },
  });
  await agent.call('connect', { host: address, port: CLOSED, behaviour: { end: 'after-peer' } });
  // We open: to a server, to nobody.
  await agent.call('listen', { port: LISTENER });
  const served = agent.call('accept', {
    port: LISTENER,
    behaviour: { text: 'a banner from the kernel\r\n', end: 'after-peer' },
  });
  const out = bench.do(host, () =>
    connect(host, KERNEL_IP, LISTENER, { send: pattern(6, 3000), end: 'after-sending' }),
  );
  await out.connected;
  await served;
  await out.done;
  const refused = bench.do(host, () => connect(host, KERNEL_IP, CLOSED, { end: 'after-peer' }));
  await refused.done;
}

async function pages(bench: Bench, host: Host, address: string): Promise<void> {
  bench.do(host, (stack) =>
    httpServerStart(stack, 80, (request, response) => {
      response.type = 'text/plain';
      response.body = request.path === '/' ? 'A page from the recording.\n'.repeat(60) : 'Small.\n';
    }),
  );
  const at = `http://${address}`;
  await bench.space.check('curl', ['-s', '-S', `${at}/`, `${at}/small`]);
  await bench.space.check('curl', ['-s', '-S', '-I', `${at}/`]);
}

const file = CORPUS;
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const capture = await record();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, capture);
  console.log(`${capture.length} bytes`);
}
