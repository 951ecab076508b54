// The app kaluma-netdev as built, on the simulated board, with a program behind it that uses `global.__netdev` as Kaluma's
// `net` does: every name that Kaluma knows is there after the build has shortened the others.

import assert from 'node:assert/strict';
import { Client } from '../services/http-client.js';
import { bundleOf, World } from './world.js';

/** Echoes in capitals, says who comes and goes, and asks another host. */
const PROGRAM = `
(function () {
  var dev = global.__netdev;
  console.log(['socket', 'get', 'bind', 'listen', 'connect', 'write', 'close', 'shutdown'].map(function (name) {
    return typeof dev[name];
  }).join());
  console.log('mac ' + /^([0-9A-F]{2}:){5}[0-9A-F]{2}$/.test(dev.mac) + ', ip ' + dev.ip);
  var fd = dev.socket('AF_INET', 'STREAM');
  var listener = dev.get(fd);
  listener.accept_cb = function (client) {
    console.log('accept ' + listener.raddr + ':' + listener.rport + ' at ' + listener.laddr + ':' + listener.lport);
    listener.read_cb = function (data) {
      dev.write(client, String.fromCharCode.apply(null, data).toUpperCase(), function (err) {
        console.log('written ' + err);
      });
    };
    listener.shutdown_cb = function () {
      dev.shutdown(client, 1, function (err) { console.log('shutdown ' + err); });
    };
    listener.close_cb = function () { console.log('close ' + typeof dev.get(client)); };
  };
  dev.bind(fd, dev.ip, 7, function (err) {
    dev.listen(fd, function (err2) { console.log('listen ' + err + ' ' + err2); });
  });
  var other = dev.socket('AF_INET', 'STREAM');
  var s = dev.get(other);
  s.connect_cb = function () { console.log('connected'); };
  dev.connect(other, 'found.test', 1, function (err) { console.log('connect ' + err + ' ' + dev.errno); });
})();`;

describe('apps: kaluma-netdev on the simulated board', function () {
  this.timeout(120_000);
  let world: World;

  before(async () => {
    world = new World((await bundleOf('kaluma-netdev')) + '\n' + PROGRAM).boot();
  });

  it('has what Kaluma looks for, before there is an address', () => {
    const lines = world.pico.board.lines.slice(0, 4);
    assert.deepEqual(lines.filter((line) => !line.startsWith('link')).slice(0, 3), [
      Array(8).fill('function').join(),
      'mac true, ip 0.0.0.0',
      'listen 0 0',
    ]);
  });

  it('serves connections', () => {
    const c = new Client(world.client, '10.0.0.100', 7).send('hello');
    world.until(() => c.text === 'HELLO', 5, 'the echo');
    c.shutdown();
    world.until(() => c.eof, 5, 'the end');
    world.run(100);
    for (const line of [
      `accept 10.0.0.9:${c.pcb.localPort} at 10.0.0.100:7`,
      'written 0',
      'shutdown 0',
      'close undefined',
    ]) {
      assert(world.pico.board.lines.includes(line), `${line} in\n${world.log}`);
    }
  });

  it('tells that a connection cannot be made', () => {
    world.until(() => /connect 1\d\d 1\d\d/.test(world.log), 60, 'the error');
    world.assertSound();
  });
});
