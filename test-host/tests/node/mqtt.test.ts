// MQTT.js on the stack against the broker mosquitto, through the virtual wire and a TAP.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { MqttClient, type IClientOptions, type IPublishPacket, type Packet } from 'mqtt';
import { assertClean, usage, type Usage } from '../../harness/clean.js';
import type { Host } from '../../harness/host.js';
import { Bench, KERNEL_IP } from '../../linux/bench.js';
import { startMosquitto } from '../../linux/mosquitto.js';
import { pattern } from '../../linux/pattern.js';
import { within, type Daemon } from '../../linux/process.js';
import type { StackSocket } from '../../node/socket.js';
import { stackNet, type StackNet } from '../../node/stack-net.js';
import { LIMIT, needLinux, ROOMY, wireIsSound } from '../linux/setup.js';

const PORT = 1883;
const SIZES = [1, 2, 127, 128, 1460, 16_383, 16_384, 65_535, 65_536, 100_000];

interface Message {
  topic: string;
  payload: Buffer;
  packet: IPublishPacket;
}

/** An MQTT.js client on the stack, its sockets, and its messages one after the other. */
class Client {
  readonly mqtt: MqttClient;
  readonly sockets: StackSocket[] = [];
  private readonly queue: Message[] = [];
  private readonly waiting: ((m: Message) => void)[] = [];

  constructor(net: StackNet, options: IClientOptions = {}) {
    const dial = (): StackSocket => {
      const socket = net.connect({ host: KERNEL_IP, port: PORT });
      this.sockets.push(socket);
      return socket;
    };
    this.mqtt = new MqttClient(dial, { reconnectPeriod: 20, connectTimeout: LIMIT, ...options });
    this.mqtt.on('error', () => {});
    this.mqtt.on('message', (topic, payload, packet) => {
      const message = { topic, payload, packet };
      const take = this.waiting.shift();
      if (take) take(message);
      else this.queue.push(message);
    });
  }

  get socket(): StackSocket {
    return this.sockets.at(-1)!;
  }

  connected(): Promise<unknown> {
    return this.mqtt.connected ? Promise.resolve() : this.event('connect');
  }

  /** The next event of the client. @returns its first argument */
  event(name: 'connect' | 'close' | 'error'): Promise<unknown> {
    return within(new Promise((resolve) => void this.mqtt.once(name, resolve)), name);
  }

  message(): Promise<Message> {
    const here = this.queue.shift();
    return within(here ? Promise.resolve(here) : new Promise((r) => this.waiting.push(r)), 'a message');
  }

  /** The next packet of a kind that comes. */
  received(cmd: Packet['cmd']): Promise<void> {
    return within(
      new Promise((resolve) => {
        const listener = (packet: Packet): void => {
          if (packet.cmd !== cmd) return;
          this.mqtt.off('packetreceive', listener);
          resolve();
        };
        this.mqtt.on('packetreceive', listener);
      }),
      cmd,
    );
  }

  end(): Promise<void> {
    return this.mqtt.endAsync();
  }
}

describe('node: MQTT.js against mosquitto', function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let host: Host;
  let broker: Daemon;
  let net: StackNet;
  let clients: Client[] = [];
  let atRest: Usage;

  const startBroker = (): Promise<Daemon> =>
    startMosquitto(bench.space, { address: KERNEL_IP, port: PORT, folder: bench.folder });

  const client = async (options: IClientOptions = {}): Promise<Client> => {
    const c = new Client(net, options);
    clients.push(c);
    await c.connected();
    return c;
  };

  before(async function () {
    await needLinux(this, 'mosquitto');
    bench = await Bench.open('host');
    broker = await startBroker();
    host = bench.addHost({ ...ROOMY, TCP_MSL: 50 });
    atRest = usage(host);
    net = stackNet(host, bench.pacer);
  });

  after(async () => {
    await broker?.stop();
    await bench?.close();
  });

  afterEach('clients end, buffers are back', async () => {
    const all = clients;
    clients = [];
    for (const c of all) {
      await within(c.end(), 'the end of a client');
      if (!c.socket.closed) await within(once(c.socket, 'close'), 'the end of a connection');
    }
    for (let left = 100; host; left--) {
      try {
        return bench.do(host, () => assertClean(host, atRest));
      } catch (error) {
        if (left === 0) throw error;
      }
      await bench.pause(20);
    }
  });

  for (const protocolVersion of [4, 5] as const) {
    for (const qos of [0, 1, 2] as const) {
      it(`version ${protocolVersion}, QoS ${qos}: payloads from 1 byte to 100,000 come back`, async () => {
        const c = await client({ protocolVersion });
        await c.mqtt.subscribeAsync('data/#', { qos });
        for (const [i, size] of SIZES.entries()) {
          const payload = Buffer.from(pattern(size, size));
          await within(c.mqtt.publishAsync(`data/${i}`, payload, { qos }), `PUBLISH of ${size} bytes`);
          const m = await c.message();
          assert.equal(m.topic, `data/${i}`);
          assert.equal(m.packet.qos, qos);
          assert.ok(m.payload.equals(payload), `${size} bytes`);
        }
      });
    }
  }

  it('many messages under way at once, in order', async () => {
    const c = await client();
    await c.mqtt.subscribeAsync('many', { qos: 1 });
    const sent = Array.from({ length: 100 }, (_, i) => c.mqtt.publishAsync('many', `${i}`, { qos: 1 }));
    for (let i = 0; i < sent.length; i++) assert.equal(String((await c.message()).payload), `${i}`);
    await Promise.all(sent);
  });

  it('a retained message comes to who subscribes later', async () => {
    const first = await client();
    await first.mqtt.publishAsync('kept', 'for later', { qos: 1, retain: true });
    const second = await client();
    await second.mqtt.subscribeAsync('kept');
    const m = await second.message();
    assert.equal(String(m.payload), 'for later');
    assert.equal(m.packet.retain, true);
    await second.mqtt.publishAsync('kept', '', { qos: 1, retain: true });
  });

  it('the will of a client whose connection is reset', async () => {
    const heir = await client();
    await heir.mqtt.subscribeAsync('will');
    const will = { topic: 'will', payload: Buffer.from('gone'), qos: 1 as const, retain: false };
    const mortal = await client({ will, reconnectPeriod: 0 });
    mortal.socket.resetAndDestroy();
    assert.equal(String((await heir.message()).payload), 'gone');
  });

  it('pings while there is nothing to say', async () => {
    const from = broker.lines.length;
    const c = await client({ keepalive: 1 });
    await c.received('pingresp');
    await broker.line(/Received PINGREQ/, from);
    assert.ok(c.mqtt.connected);
  });

  it('a broker that starts anew: the client connects and subscribes again', async () => {
    const c = await client({ clean: true });
    await c.mqtt.subscribeAsync('again', { qos: 1 });
    const gone = c.event('close');
    await broker.stop();
    await gone;
    const subscribed = c.received('suback');
    broker = await startBroker();
    await c.connected();
    await subscribed;
    await c.mqtt.publishAsync('again', 'there', { qos: 1 });
    assert.equal(String((await c.message()).payload), 'there');
    assert.ok(c.sockets.length > 1);
  });

  it('no broker: each attempt is refused', async () => {
    await broker.stop();
    const c = new Client(net);
    clients.push(c);
    const error = await c.event('error');
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
    broker = await startBroker();
    await c.connected();
  });

  wireIsSound(() => bench, 500, {
    'mqtt.msgtype==3 && ip.dst==10.77.0.1': 60,
    'mqtt.msgtype==3 && ip.src==10.77.0.1': 60,
    'mqtt.msgtype==13': 1,
  });
});
