// The TAP port against the Linux kernel: frames both ways in a network namespace, a clean close, clear errors.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { TapError, TapPort } from '../../tap/tap.js';
import { skipUnless } from '../support/skip.js';

const name = `lwt${process.pid % 100000}`;

function reasonToSkip(): string {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root (TAP device and network namespace)';
  if (!fs.existsSync('/dev/net/tun')) return 'needs /dev/net/tun';
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
  } catch {
    return 'needs the right to make network namespaces (ip netns)';
  }
  return '';
}

/** Answers ARP and ping as 10.99.0.2; the frames are the kernel's own, so nothing is checked. */
function reply(frame: Uint8Array): Uint8Array | null {
  const f = Buffer.from(frame);
  const mac = Buffer.from('020000000002', 'hex');
  const type = f.readUInt16BE(12);
  if (type === 0x0806 && f.readUInt16BE(20) === 1 && f.readUInt32BE(38) === 0x0a630002) {
    const out = Buffer.alloc(60);
    f.copy(out, 0, 6, 12);
    mac.copy(out, 6);
    f.copy(out, 12, 12, 20);
    out.writeUInt16BE(2, 20);
    mac.copy(out, 22);
    f.copy(out, 28, 38, 42);
    f.copy(out, 32, 22, 32);
    return out;
  }
  if (type === 0x0800 && f[23] === 1 && f[34] === 8) {
    const out = Buffer.from(f);
    f.copy(out, 0, 6, 12);
    mac.copy(out, 6);
    f.copy(out, 26, 30, 34);
    f.copy(out, 30, 26, 30);
    out[34] = 0;
    // RFC 1624: the type went from 8 to 0, so the checksum grows by 0x0800.
    const sum = f.readUInt16BE(36) + 0x0800;
    out.writeUInt16BE((sum & 0xffff) + (sum >>> 16), 36);
    return out;
  }
  return null;
}

function run(command: string, args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (d) => (output += d));
    child.stderr.on('data', (d) => (output += d));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

describe('tap', () => {
  it('says in one line what is wrong with a name', () => {
    if (process.platform !== 'linux') return;
    for (const bad of ['', 'a b', 'much-too-long-a-name', 'x/y']) {
      assert.throws(
        () => TapPort.open({ name: bad }),
        (e: Error) =>
          e instanceof TapError && !e.message.includes('\n') && e.message.includes('interface name'),
      );
    }
  });

  describe('with the kernel', () => {
    let tap: TapPort | null = null;

    before(function () {
      const reason = reasonToSkip();
      skipUnless(this, reason === '', reason);
      execFileSync('ip', ['netns', 'add', name]);
    });

    after(async () => {
      await tap?.close();
      try {
        execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
      } catch {
        // Was not made.
      }
    });

    it('carries ARP and ping between the kernel and the port', async function () {
      skipUnless(this, await hasPing(), 'needs ping');
      tap = TapPort.open({ name });
      const port = tap;
      const sizes = new Set<number>();
      port.onFrame = (frame) => {
        sizes.add(frame.length);
        const answer = reply(frame);
        if (answer) port.send(answer);
      };
      assert.equal(port.isUp, true);
      execFileSync('ip', ['link', 'set', name, 'netns', name]);
      execFileSync('ip', ['-n', name, 'addr', 'add', '10.99.0.1/24', 'dev', name]);
      execFileSync('ip', ['-n', name, 'link', 'set', name, 'up']);
      const small = await run('ip', [
        'netns',
        'exec',
        name,
        'ping',
        '-c',
        '20',
        '-i',
        '0.01',
        '-W',
        '2',
        '10.99.0.2',
      ]);
      assert.match(small.output, /20 received/);
      const large = await run('ip', [
        ...['netns', 'exec', name, 'ping', '-c', '20', '-i', '0.01', '-W', '2', '-s', '1472', '10.99.0.2'],
      ]);
      assert.match(large.output, /20 received/);
      assert.ok(Math.min(...sizes) >= 60, 'short frames are padded');
      assert.ok(sizes.has(1514));
      assert.ok(port.sent >= 41);
    });

    it('names the trouble with a device in use and with a device of another kind', () => {
      const other = `${name}b`.slice(0, 15);
      const first = TapPort.open({ name: other });
      assert.throws(() => TapPort.open({ name: other }), /in use by another program/);
      assert.throws(() => TapPort.open({ name: 'lo' }), /lo exists and is no TAP device/);
      return first.close();
    });

    it('closes at once, and the device goes with it', async () => {
      const other = `${name}c`.slice(0, 15);
      const port = TapPort.open({ name: other });
      assert.ok(fs.existsSync(`/sys/class/net/${other}`) || port.isUp !== null);
      await port.close();
      await port.close();
      port.send(new Uint8Array(60));
      assert.equal(port.dropped, 1);
      const again = TapPort.open({ name: other, up: false });
      assert.equal(again.isUp, false);
      again.send(new Uint8Array(60));
      assert.equal(again.dropped, 1, 'a device that is down takes nothing');
      await again.close();
    });

    it('reports a device that is deleted under it', async () => {
      const other = `${name}d`.slice(0, 15);
      let died: (error: TapError) => void = () => {};
      const death = new Promise<TapError>((resolve) => (died = resolve));
      const port = TapPort.open({ name: other, onError: died });
      execFileSync('ip', ['link', 'del', other]);
      assert.match((await death).message, /is gone/);
      await port.close();
    });
  });
});

async function hasPing(): Promise<boolean> {
  return run('ping', ['-V']).then(
    () => true,
    () => false,
  );
}
