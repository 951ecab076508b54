// The pseudo-terminal with plain file descriptors as its clients: bytes unchanged both ways, whoever comes and goes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { ROOT } from '../../../tools/flash/bundle-file.js';
import { openPty, type Pty } from '../../pty/pty.js';
import { skipUnless } from '../support/skip.js';

describe('pty', () => {
  let pty: Pty;
  let received: number[];
  let wanted: () => void;

  beforeEach(function () {
    skipUnless(this, process.platform === 'linux', 'needs Linux');
    pty = openPty();
    received = [];
    wanted = () => {};
    pty.onData = (bytes) => {
      received.push(...bytes);
      wanted();
    };
  });

  afterEach(async () => {
    await pty?.close();
  });

  /** Resolves when so many bytes have come in. */
  function arrived(count: number): Promise<void> {
    return new Promise((resolve) => {
      wanted = () => {
        if (received.length >= count) resolve();
      };
      wanted();
    });
  }

  const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);

  it('carries every byte unchanged both ways, without echo', async () => {
    const client = await fs.promises.open(pty.path, 'r+');
    try {
      await client.write(everyByte);
      await arrived(256);
      assert.deepEqual(received, [...everyByte]);
      pty.write(everyByte);
      const buffer = Buffer.alloc(512);
      let got = 0;
      while (got < 256) got += (await client.read(buffer, got, 512 - got, null)).bytesRead;
      assert.deepEqual([...buffer.subarray(0, got)], [...everyByte]);
      assert.equal(received.length, 256);
    } finally {
      await client.close();
    }
  });

  it('survives clients that open and close it again and again', async () => {
    for (let i = 0; i < 10; i++) {
      fs.writeFileSync(pty.path, Uint8Array.of(i, 13));
      await arrived(2 * (i + 1));
      const client = await fs.promises.open(pty.path, 'r+');
      pty.write(Uint8Array.of(i));
      const { buffer } = await client.read(Buffer.alloc(4), 0, 4, null);
      assert.equal(buffer[0], i);
      await client.close();
    }
    assert.deepEqual(
      received.filter((_, i) => i % 2 === 0),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  });

  it('hands a flood to a slow reader whole and in order', async () => {
    const flood = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
    pty.write(flood);
    const client = await fs.promises.open(pty.path, 'r');
    try {
      const all = Buffer.alloc(flood.length);
      let got = 0;
      while (got < all.length) got += (await client.read(all, got, all.length - got, null)).bytesRead;
      assert.ok(all.equals(flood));
      assert.equal(pty.dropped, 0);
    } finally {
      await client.close();
    }
  });

  it('loses what nobody reads, and counts it', () => {
    const half = new Uint8Array(600_000);
    pty.write(half);
    pty.write(half);
    pty.write(half);
    assert.ok(pty.dropped >= 600_000, `${pty.dropped} dropped`);
  });

  it('ends for its clients when it is closed, and can be closed twice', async () => {
    const client = await fs.promises.open(pty.path, 'r');
    try {
      await pty.close();
      await pty.close();
      const end = await client.read(Buffer.alloc(1), 0, 1, null).then(
        ({ bytesRead }) => bytesRead,
        (error: NodeJS.ErrnoException) => error.code,
      );
      assert.ok(end === 0 || end === 'EIO', String(end));
      pty.write(everyByte);
    } finally {
      await client.close();
    }
  });

  it('does not keep a process from ending', () => {
    const code = "import('./test-host/pty/pty.ts').then((m) => { m.openPty(); process.exit(7); });";
    assert.throws(
      () => execFileSync(process.execPath, ['--import', 'tsx', '-e', code], { cwd: ROOT, timeout: 180_000 }),
      { status: 7 },
    );
  });
});
