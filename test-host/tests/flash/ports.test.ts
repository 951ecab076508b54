// The list of serial ports, from a made-up /sys: USB serial ports by their ids, UARTs, and what is no port.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listPorts, onlyBoard } from '../../../tools/flash/serial/ports.js';
import { UserError } from '../../../tools/flash/user-error.js';
import { lightwire } from '../cli/lightwire.js';

describe('flash: ports', () => {
  let root = '';

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'lightwire-'));
    mkdirSync(join(root, 'sys/class/tty'), { recursive: true });
  });

  afterEach(() => rmSync(root, { recursive: true }));

  function file(path: string, content: string): void {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }

  /** As the kernel does: class/tty/<name> links into the device tree, whose tty's `device` links to its interface. */
  function usb(name: string, ids: string, words: string[], converter = false): void {
    const device = `sys/devices/usb1/1-${name}`;
    const [vendor = '', product = ''] = ids.split(':');
    file(`${device}/idVendor`, `${vendor}\n`);
    file(`${device}/idProduct`, `${product}\n`);
    if (words[0]) file(`${device}/manufacturer`, `${words[0]}\n`);
    if (words[1]) file(`${device}/product`, `${words[1]}\n`);
    const owner = `${device}/1-${name}:1.0${converter ? `/${name}` : ''}`;
    mkdirSync(join(root, owner, 'tty', name), { recursive: true });
    symlinkSync(join(root, owner), join(root, owner, 'tty', name, 'device'));
    symlinkSync(join(root, owner, 'tty', name), join(root, 'sys/class/tty', name));
  }

  function uart(name: string, type: string): void {
    const owner = 'sys/devices/platform/serial8250';
    file(`${owner}/tty/${name}/type`, `${type}\n`);
    symlinkSync(join(root, owner), join(root, owner, 'tty', name, 'device'));
    symlinkSync(join(root, owner, 'tty', name), join(root, 'sys/class/tty', name));
  }

  it('marks what looks like Kaluma, and leaves out what is no port', async () => {
    usb('ttyACM10', '2e8a:000a', ['Raspberry Pi', 'Pico']);
    usb('ttyACM2', '2e8a:0009', ['Raspberry Pi', 'Pico']);
    usb('ttyACM3', '2e8a:0005', ['MicroPython', 'Board in FS mode']);
    usb('ttyUSB0', '1a86:7523', ['', 'USB Serial'], true);
    uart('ttyS0', '4');
    uart('ttyS1', '0');
    mkdirSync(join(root, 'sys/class/tty/tty1'));
    const ports = await listPorts(root);
    assert.deepEqual(
      ports.map((p) => [p.path, p.vendor, p.product, p.description, p.chip]),
      [
        ['/dev/ttyACM2', '2e8a', '0009', 'Raspberry Pi Pico', 'RP2350'],
        ['/dev/ttyACM3', '2e8a', '0005', 'MicroPython Board in FS mode', undefined],
        ['/dev/ttyACM10', '2e8a', '000a', 'Raspberry Pi Pico', 'RP2040'],
        ['/dev/ttyS0', '', '', '', undefined],
        ['/dev/ttyUSB0', '1a86', '7523', 'USB Serial', undefined],
      ],
    );
  });

  it('finds the only board; with none or several it asks for a name', async () => {
    const says = (message: RegExp) => (error: unknown) =>
      error instanceof UserError && message.test(error.message);
    await assert.rejects(onlyBoard(root), says(/no port looks like a board with Kaluma; .*--port/));
    usb('ttyACM0', '2e8a:000a', []);
    assert.equal(await onlyBoard(root), '/dev/ttyACM0');
    usb('ttyACM1', '2e8a:0009', []);
    await assert.rejects(onlyBoard(root), says(/several boards; .*\/dev\/ttyACM0, \/dev\/ttyACM1/));
  });

  it('is empty where there is no /sys', async () => {
    assert.deepEqual(await listPorts(join(root, 'none')), []);
  });

  it('the command prints something and exits with 0', async () => {
    const { code, stdout, stderr } = await lightwire(['ports']);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /^(no serial ports\n|(\S+ .*\n)+)$/);
  });
});
