// `lightwire simulate` called wrongly: one clear line on stderr, a non-zero exit, nothing on stdout.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipUnless } from '../support/skip.js';
import { lightwire } from './lightwire.js';

describe('cli: simulate called wrongly', () => {
  let folder = '';
  let app = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lightwire-'));
    app = join(folder, 'idle.js');
    writeFileSync(app, 'setInterval(function () {}, 1000);');
  });

  after(() => rmSync(folder, { recursive: true }));

  async function refuses(args: string[], message: RegExp): Promise<void> {
    const { code, stdout, stderr } = await lightwire(['simulate', ...args]);
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split('\n').length, 1, `one line, not: ${stderr}`);
    assert.equal(stdout, '');
    assert.equal(code, 1);
  }

  const wrong: [string, string[], RegExp][] = [
    ['an unknown flag', ['--frobnicate'], /unknown option '--frobnicate'/],
    ['an argument too many', ['again'], /too many arguments/],
    [
      'a loss that is no number',
      ['--loss', 'some'],
      /--loss .*'some' is invalid.*from 0 to 1, or a percentage/,
    ],
    ['a loss above 1', ['--loss', '5'], /more than 1; for 5 percent write 5%/],
    ['a loss above 100 %', ['--loss', '101%'], /More than 100% cannot be lost/],
    ['a negative loss', ['--loss=-1'], /'-1' is invalid/],
    ['a port out of range', ['--http-port', '70000'], /port from 1 to 65535/],
    ['a port that is no number', ['--http-port', 'http'], /port from 1 to 65535/],
    ['a time that is no number', ['--seconds', 'soon'], /number of seconds/],
    ['a bad seed', ['--seed', '-3'], /whole number/],
    ['a missing value', ['--pcap'], /argument missing/],
    ['a missing bundle file', ['--app', './no/such.js'], /no bundle \.\/no\/such\.js/],
    ['an app that is not built', ['--app', 'no-such-app'], /no-such-app\.js; 'npm run build' makes the apps/],
    ['an unknown chip', ['--board', 'esp32'], /Give enc28j60 .* or cyw43/],
    [
      'an unknown security',
      ['--board', 'cyw43', '--security', 'wep'],
      /Give one of open, wpa, wpa2, wpa2-wpa, /,
    ],
    ['a network without a radio', ['--ssid', 'demo'], /^lightwire: --ssid is for --board cyw43$/m],
    ['a password without a radio', ['--join-pass', 'secret 123'], /--join-pass is for --board cyw43/],
    ['--no-cyw43-firmware without a radio', ['--no-cyw43-firmware'], /is for --board cyw43/],
    [
      'a name that is too long',
      ['--board', 'cyw43', '--ssid', 'ü'.repeat(17)],
      /--ssid is 34 bytes; .* 1 to 32/,
    ],
    ['an empty name', ['--board', 'cyw43', '--join-ssid', ''], /--join-ssid is 0 bytes/],
    ['a short password', ['--board', 'cyw43', '--pass', 'secret'], /--pass has 6 characters; .* 8 to 63/],
    [
      'an open network with a password',
      ['--board', 'cyw43', '--security', 'open', '--pass', 'secret 123'],
      /no --pass/,
    ],
    [
      'a secured network without one',
      ['--board', 'cyw43', '--security', 'wpa3'],
      /--security wpa3 needs --pass/,
    ],
    ['--tap with --http-port', ['--tap', 'tap0', '--http-port', '8080'], /--http-port is for the gateway/],
  ];
  for (const [what, args, message] of wrong) it(`refuses ${what}`, () => refuses(args, message));

  it('refuses an unwritable capture file', () =>
    refuses(['--app', app, '--pcap', join(folder, 'no', 'x.pcapng')], /capture file .* no such folder/));

  it('refuses a folder as the capture file', () =>
    refuses(['--app', app, '--pcap', folder], /capture file .* it is a folder/));

  it('refuses an impossible TAP name', () =>
    refuses(['--app', app, '--tap', 'a/b'], /'a\/b' is no interface name/));

  it('refuses an interface that is no TAP', async function () {
    skipUnless(this, process.platform === 'linux', 'needs Linux');
    await refuses(
      ['--app', app, '--tap', 'lo'],
      /lo exists and is no TAP device|no right to|\/dev\/net\/tun is missing/,
    );
  });

  it('refuses a TAP without the right to it', async function () {
    skipUnless(this, process.platform === 'linux', 'needs Linux');
    const root = process.getuid?.() === 0;
    skipUnless(this, !root || (await works('setpriv', ['--version'])), 'as root it needs setpriv');
    const wrap = root ? ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin', '--'] : [];
    const { code, stderr } = await lightwire(['simulate', '--app', app, '--tap', 'lwnoright'], { wrap });
    assert.match(stderr, /^lightwire: (no right to|\/dev\/net\/tun)[^\n]*\n$/);
    assert.equal(code, 1);
  });

  it('refuses a port in use', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as net.AddressInfo;
    try {
      await refuses(
        ['--app', app, '--http-port', String(port)],
        new RegExp(`^lightwire: port ${port} on 127.0.0.1 is in use\n$`),
      );
    } finally {
      server.close();
    }
  });

  it('prints help and version, and exits with 0', async () => {
    const help = await lightwire(['simulate', '--help']);
    assert.equal(help.code, 0);
    for (const flag of [
      '--app',
      '--http-port',
      '--tap',
      '--pcap',
      '--loss',
      '--seconds',
      '--seed',
      '--quiet',
    ]) {
      assert.ok(help.stdout.includes(flag), flag);
    }
    const version = await lightwire(['--version']);
    assert.equal(version.code, 0);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  });
});

function works(command: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}
