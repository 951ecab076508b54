// Kaluma's `events`, `stream`, `net` and `http` on the simulated board, without a wire: over a network device of the test.

import assert from 'node:assert/strict';
import { Scheduler } from '../../sim/scheduler.js';
import { SimulatedBoard } from '../../board/board.js';

/** A device that writes down its calls, and answers those that `held` does not name at once. */
const DEVICE = `
var log = [], held = {}, sockets = {}, last = 0, errno = 0;
function call(name, done, text) {
  log.push(name + (text === undefined ? '' : ' ' + text));
  if (name in held) held[name] = done; else done(errno);
}
global.__netdev = {
  ip: '10.0.0.1', errno: 0,
  socket: function (domain, type) { log.push(domain + ' ' + type); return ++last; },
  get: function (fd) { return sockets[fd] || (sockets[fd] = { laddr: 'l', lport: 1, raddr: 'r', rport: 2 }); },
  bind: function (fd, ip, port, done) { call('bind', done, ip + ':' + port); },
  listen: function (fd, done) { call('listen', done); },
  connect: function (fd, host, port, done) { call('connect', done, host + ':' + port); },
  write: function (fd, data, done) { call('write', done, fd + ' ' + JSON.stringify(data)); },
  shutdown: function (fd, how, done) { call('shutdown', done, fd + ' ' + how); },
  close: function (fd, done) { call('close', done, fd); },
};
function note(text) { return function () { log.push(text); }; }
function bytes(text) { return new TextEncoder('ascii').encode(text); }
function accept(fd) { sockets[1].accept_cb(fd); return sockets[1]; }
`;

class Rig {
  readonly scheduler = new Scheduler();
  readonly board: SimulatedBoard;

  constructor(program = '') {
    this.board = new SimulatedBoard({ scheduler: this.scheduler, bundle: DEVICE + program });
    this.board.start();
    assert.deepEqual(this.board.errors, []);
  }

  /** Runs code, then what it has left for later. @returns what was noted since the last time */
  run(source: string): string[] {
    this.board.evaluate(source);
    this.scheduler.runFor(100e3);
    return [...(this.board.evaluate('log.splice(0)') as string[])];
  }
}

describe('board: Kaluma’s stream, net and http', () => {
  it('are citizens of the realm, and inherit as on a board', () => {
    const { board } = new Rig();
    const check = `
      var events = require('events'), stream = require('stream'), net = require('net'), http = require('http');
      function Old() { events.EventEmitter.call(this); }
      Old.prototype = Object.create(events.EventEmitter.prototype);
      var socket = new net.Socket(), server = http.createServer();
      [net.Socket instanceof Function, net instanceof Object, new Old().on('x', note()).listenerCount('x') === 1,
       socket instanceof stream.Duplex, socket instanceof stream.Writable, !(socket instanceof stream.Readable),
       socket instanceof events.EventEmitter, server instanceof net.Server, socket.listeners('x') instanceof Array,
       Object.keys(net).sort().join() === 'Server,Socket,connect,createConnection,createServer',
       Object.keys(http).sort().join() === 'createServer,get,request'].indexOf(false)`;
    assert.equal(board.evaluate(check), -1);
  });

  it('refuse sockets and servers without a network device', () => {
    const board = new SimulatedBoard({ scheduler: new Scheduler(), bundle: '' });
    board.start();
    for (const make of [
      'new (require("net").Socket)()',
      'require("net").createServer()',
      'require("http").createServer()',
      'require("http").get({ host: "x" })',
    ]) {
      const text = board.evaluate(`try { ${make}; '' } catch (e) { '' + e + (e instanceof Error) }`);
      assert.equal(text, 'Error: Network device not foundtrue', make);
    }
  });

  it('gather what is written in one turn, and hand it on in the next', () => {
    const rig = new Rig('var net = require("net"), s; net.createServer(function (c) { s = c; }).listen(7);');
    assert.deepEqual(rig.run('accept(5)'), ['AF_INET STREAM', 'bind 10.0.0.1:7', 'listen']);
    assert.deepEqual(
      rig.run(`
        s.on('drain', note('drain')).on('finish', note('finish'));
        held.write = 1;
        log.push(s.write('a', note('told')), s.write(new Uint8Array([98])), s.write(''));`),
      ['told', false, false, false, 'write 5 "ab"'] as unknown[] as string[],
    );
    assert.deepEqual(rig.run('s.write("c"); held.write(0)'), ['write 5 "c"', 'drain']);
    assert.deepEqual(
      rig.run('delete held.write; s.end("d", note("ended"))'),
      ['write 5 "d"', 'drain', 'shutdown 5 1', 'finish', 'ended'].filter((line) => line !== 'drain'),
    );
    assert.deepEqual(rig.run('s.write("e", note("never"))'), []);
  });

  it('tell of the peer’s end and of the close once', () => {
    const rig = new Rig(
      'var s; require("net").createServer(function (c) { s = c; }).listen(7); var l = accept(5);',
    );
    rig.run('["data", "end", "close"].forEach(function (e) { s.on(e, note(e)); })');
    assert.deepEqual(
      rig.run(
        'l.read_cb(bytes("x")); l.shutdown_cb(); l.shutdown_cb(); l.close_cb(); l.close_cb(); s.destroy()',
      ),
      ['data', 'end', 'close'],
    );
    assert.equal(rig.board.evaluate('[s.destroyed, s.readableEnded, s.remoteAddress].join()'), 'true,true,r');
  });

  it('connect with connect, ready, or a SystemError', () => {
    const rig = new Rig('var net = require("net");');
    const connect =
      'var s = net.connect({ host: "h", port: 9 }, note("connected")).on("ready", note("ready"));';
    rig.run('held.connect = 1;');
    assert.deepEqual(rig.run(`${connect} sockets[1].connect_cb(); held.connect(0)`), [
      'AF_INET STREAM',
      'connect h:9',
      'connected',
      'ready',
    ]);
    assert.deepEqual(
      rig.run(`s.on('error', function (e) { log.push(e.errno + e.message + (e instanceof SystemError)); });
        __netdev.errno = 111; held.connect(111)`),
      ['-111Connection refusedtrue'],
    );
    assert.deepEqual(rig.run('net.connect({ host: "h", port: 9 })'), []);
  });

  it('serve requests with Kaluma’s liberties', () => {
    const rig = new Rig(`
      require('http').createServer(function (req, res) {
        log.push([req.method, req.url, req.httpVersion, req.headers.host, req.complete].join());
        req.on('data', function (d) { log.push('data ' + d.length); }).on('end', note('end')).on('close', note('gone'));
        res.on('finish', note('finish')).on('close', note('closed'));
        res.statusCode = 404;
        res.setHeader('X-Y', 'z');
        if (req.url === '/a') res.end('ok'); else res.writeHead(404).write('no'), res.end();
      }).listen(80);`);
    rig.run('');
    assert.deepEqual(
      rig.run(
        'accept(5); sockets[1].read_cb(bytes("GET /a HT")); sockets[1].read_cb(bytes("TP/1.1\\r\\nHost: a:80\\r\\n\\r\\n"))',
      ),
      [
        'GET,/a,1.1,a,false',
        'finish',
        'data 0',
        'end',
        'write 5 "HTTP/1.1 200 OK\\r\\nx-y: z\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n2\\r\\nok\\r\\n0\\r\\n\\r\\n"',
        'shutdown 5 1',
      ],
    );
    assert.deepEqual(rig.run('sockets[1].close_cb()'), ['gone', 'closed'].sort().reverse());
    const lines = rig.run(
      'accept(6); sockets[1].read_cb(bytes("POST /b HTTP/1.1\\r\\nContent-Length: 3\\r\\n\\r\\n")); sockets[1].read_cb(bytes("abc"))',
    );
    assert.deepEqual(
      lines.filter((line) => /data|end/.test(line)),
      ['data 0', 'end', 'data 3'],
    );
    assert.match(lines.join('\n'), /HTTP\/1.1 404 OK\\r\\n.*\\r\\n2\\r\\nno\\r\\n0\\r\\n\\r\\n"/);
  });

  it('ask for pages, whole bodies and chunks', () => {
    const rig = new Rig(`
      held.connect = 1;
      function ask(method) {
        var r = require('http').request({ host: 'h', method: method, headers: { A: 'b' } }, function (res) {
          log.push([res.statusCode, res.statusMessage, res.headers['content-type']].join());
          res.on('data', function (d) { log.push('data ' + String.fromCharCode.apply(null, d)); }).on('end', note('end'));
        });
        r.end('body');
        sockets[last].connect_cb();
        return sockets[last];
      }`);
    assert.deepEqual(rig.run('var s = ask("PUT")'), [
      'AF_INET STREAM',
      'connect h:80',
      'write 1 "PUT / HTTP/1.1\\r\\nA: b\\r\\nhost: h\\r\\n\\r\\nbody"',
      'shutdown 1 1',
    ]);
    assert.deepEqual(
      rig.run('s.read_cb(bytes("HTTP/1.1 404 Not Found\\r\\nContent-Type: t\\r\\n\\r\\nnope"))'),
      ['404,Not,t', 'data nope', 'end'],
    );
    const head = 'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n';
    rig.run('s = ask("GET")');
    assert.deepEqual(rig.run(`s.read_cb(bytes("${head}3\\r\\nabc\\r\\n1\\r\\nd\\r\\n0\\r\\n\\r\\n"))`), [
      '200,OK,',
      'data abc',
      'data d',
      'end',
    ]);
    rig.run('s = ask("GET")');
    assert.throws(() => rig.run(`s.read_cb(bytes("${head}3\\r\\nabc\\r\\n"))`), /Kaluma's http hangs here/);
  });

  it('take a board’s time to load', () => {
    const { board } = new Rig();
    const us = board.evaluate('var t = micros(); require("http"); micros() - t') as number;
    assert(us > 18000 && us < 18100, `${us} µs`);
  });
});
