// What Kaluma's `events`, `stream`, `net` and `http` do over a network device that only writes down what it is asked: programs
// with the notes they take, for the simulated board and for Kaluma itself.

export interface ModuleCase {
  name: string;
  /** Run at boot. */
  program: string;
  /** Code that is run after it, 50 ms apart, with what it notes by the next. */
  steps: { code: string; notes: string[] }[];
}

/** Calls are answered at once, but for those that `held` names, whose callbacks are then there. */
const DEVICE = `
var log = [], held = {}, sockets = {}, last = 0, s, l;
function note(text) { return function () { log.push(text); }; }
function bytes(text) { return new TextEncoder('ascii').encode(text); }
function call(name, done, text) {
  log.push(name + (text === undefined ? '' : ' ' + text));
  if (name in held) held[name] = done; else done(0);
}
function accept(fd) { sockets[1].accept_cb(fd); return sockets[1]; }
global.__netdev = {
  ip: '10.0.0.1', errno: 0,
  socket: function (domain, type) { log.push(domain + ' ' + type); return ++last; },
  get: function (fd) { return sockets[fd] || (sockets[fd] = { laddr: 'l', lport: 1, raddr: 'r', rport: 2 }); },
  bind: function (fd, ip, port, done) { call('bind', done, ip + ':' + port); },
  listen: function (fd, done) { call('listen', done); },
  connect: function (fd, host, port, done) { call('connect', done, host + ':' + port); },
  write: function (fd, data, done) { call('write', done, fd + ' ' + data.replace(/\\r\\n/g, '|')); },
  shutdown: function (fd, how, done) { call('shutdown', done, fd + ' ' + how); },
  close: function (fd, done) { call('close', done, fd); },
};
`;

/**
 * @param device the code that sets up what the modules work on
 * @returns a program that runs the case and tells each step's notes in a line, as noteLines() has them
 */
export function caseProgram({ program, steps }: ModuleCase, device = DEVICE): string {
  const timers = steps.map(
    ({ code }, i) =>
      `setTimeout(function () { ${code}\n }, ${i * 50 + 50});\n` +
      `setTimeout(function () { console.log('notes ${i}: ' + log.splice(0).join(', ')); }, ${i * 50 + 95});`,
  );
  // Timers count from the start of the turn that sets them: not from the long one that parses all this.
  return `${device}${program};\nlog = [];\nsetTimeout(function () {\n${timers.join('\n')}\n}, 100);`;
}

export function noteLines({ steps }: ModuleCase): string[] {
  return steps.map(({ notes }, i) => `notes ${i}: ${notes.join(', ')}`);
}

const CHUNKED_HEAD = 'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n';

/** Kaluma never comes back from its step. */
export const HANGING_CASE: ModuleCase = {
  name: 'hang where what has come of a chunked body ends outside a chunk',
  program: 'held.connect = 1; require("http").get({ host: "h" });',
  steps: [{ code: `sockets[1].read_cb(bytes("${CHUNKED_HEAD}3\\r\\nabc\\r\\n"));`, notes: [] }],
};

export const MODULE_CASES: ModuleCase[] = [
  {
    name: 'inherit as classes and as functions, and export what they do',
    program: `
      var events = require('events'), stream = require('stream'), net = require('net'), http = require('http');
      function Old() { events.EventEmitter.call(this); }
      Old.prototype = Object.create(events.EventEmitter.prototype);`,
    steps: [
      {
        code: `s = new net.Socket(); l = http.createServer();
          log.push(net.Socket instanceof Function, net instanceof Object, new Old().on('x', note()).listenerCount('x'),
            s instanceof stream.Duplex, s instanceof stream.Writable, s instanceof stream.Readable,
            s instanceof events.EventEmitter, l instanceof net.Server, s.listeners('x') instanceof Array);`,
        notes: ['true', 'true', '1', 'true', 'true', 'false', 'true', 'true', 'true'],
      },
      {
        code: 'log.push(Object.keys(net).sort(), Object.keys(http).sort(), Object.keys(events));',
        notes: [
          'Server,Socket,connect,createConnection,createServer',
          'createServer,get,request',
          'EventEmitter',
        ],
      },
    ],
  },
  {
    name: 'emit to those who listened when it began, and throw errors that nobody wants',
    program: `var E = require('events').EventEmitter;`,
    steps: [
      {
        code: `s = new E();
          function twice() { log.push('twice'); }
          s.on('a', twice).once('a', note('once')).on('a', function () { s.on('a', note('late')); }).on('a', twice);
          log.push(s.emit('a', 1), s.listenerCount('a'), s.off('a', twice).listenerCount('a'), s.emit('b'));`,
        notes: ['twice', 'once', 'twice', 'true', '4', '3', 'false'],
      },
      {
        code: `try { s.emit('error', new RangeError('mine')); } catch (e) { log.push(e.name + ' ' + e.message); }
          try { s.emit('error', 'text'); } catch (e) { log.push(e.name + ' ' + e.message); }
          try { s.on('x'); } catch (e) { log.push(e.name + ' ' + e.message); }`,
        notes: ['RangeError mine', "Error Uncaught 'error' event", 'TypeError listener must be a function'],
      },
    ],
  },
  {
    name: 'gather what is written in one turn, and hand it on in the next',
    program: `require('net').createServer(function (c) { s = c; }).listen(7); accept(5);
      s.on('drain', note('drain')).on('finish', note('finish'));`,
    steps: [
      {
        code: `held.write = 1;
          log.push(s.write('a', note('told')), s.write(new Uint8Array([98])), s.write(''));`,
        notes: ['told', 'false', 'false', 'false', 'write 5 ab'],
      },
      { code: 's.write("c"); var first = held.write; first(0);', notes: ['write 5 c'] },
      { code: 'held.write(0);', notes: ['drain'] },
      {
        code: 's.write("d"); s.end("e", note("ended")); log.push(s.writableEnded, s.writableFinished);',
        notes: ['write 5 de', 'true', 'false'],
      },
      {
        code: 'held.write(0); log.push(s.writableFinished);',
        notes: ['drain', 'shutdown 5 1', 'finish', 'ended', 'true'],
      },
      { code: 's.write("e", note("never")); s.end("f");', notes: [] },
    ],
  },
  {
    name: 'never drain for one who answers within the write',
    program: `var stream = require('stream'); s = new stream.Writable();
      s._write = function (data, done) { log.push('write ' + data); done(); };
      s._final = function (done) { log.push('final'); done(); };
      s.on('drain', note('drain')).on('finish', note('finish')).on('error', note('error')).on('close', note('close'));`,
    steps: [
      { code: 's.write("a");', notes: ['write a'] },
      { code: 's.end("b");', notes: ['write b', 'final', 'finish'] },
      {
        code: 's._destroy = function (done) { done(); }; log.push(s.destroy()); s.destroy();',
        notes: ['close', ''],
      },
    ],
  },
  {
    name: 'tell of a failed write, with what waits lost',
    program: `require('net').createServer(function (c) { s = c; }).listen(7); accept(5);
      s.on('error', function (e) { log.push(e.errno + ' ' + e.message + ' ' + (e instanceof SystemError)); });`,
    steps: [
      { code: 'held.write = 1; s.write("a");', notes: ['write 5 a'] },
      {
        code: 's.write("b"); __netdev.errno = 104; held.write(104);',
        notes: ['-104 Connection reset by peer true'],
      },
    ],
  },
  {
    name: 'tell of data, of the peer’s end and of the close once, on the listener’s object',
    program: `require('net').createServer(function (c) { s = c; }).listen(7); l = accept(5);
      ['data', 'end', 'close'].forEach(function (e) { s.on(e, note(e)); });`,
    steps: [
      { code: 'l.read_cb(bytes("x")); l.shutdown_cb(); l.shutdown_cb();', notes: ['data', 'end'] },
      { code: 'l.close_cb(); l.close_cb(); s.destroy();', notes: ['close'] },
      {
        code: 'log.push(s.destroyed, s.readableEnded, s.remoteAddress, s.remotePort, s.localAddress, s.localPort);',
        notes: ['true', 'true', 'r', '2', 'l', '1'],
      },
    ],
  },
  {
    name: 'listen, and close or fail',
    program: `var net = require('net'); s = net.createServer(note('connection'));
      s.on('listening', note('listening')).on('close', note('close'));
      s.on('error', function (e) { log.push(e.message); });`,
    steps: [
      {
        code: 's.listen(7, note("cb")); s.close(note("closed"));',
        notes: [
          'AF_INET STREAM',
          'bind 10.0.0.1:7',
          'listen',
          'listening',
          'cb',
          'close 1',
          'close',
          'closed',
        ],
      },
      {
        code: 'held.listen = 1; s.listen(7); __netdev.errno = 98; held.listen(98);',
        notes: ['AF_INET STREAM', 'bind 10.0.0.1:7', 'listen', 'Address already in use'],
      },
    ],
  },
  {
    name: 'connect with connect, ready, or an error',
    program: 'var net = require("net"); held.connect = 1;',
    steps: [
      {
        code: `s = net.connect({ host: 'h', port: 9 }, note('connected')).on('ready', note('ready'));
          sockets[1].connect_cb(); held.connect(0);`,
        notes: ['AF_INET STREAM', 'connect h:9', 'connected', 'ready'],
      },
      {
        code: `s.on('error', function (e) { log.push(e.errno + e.message + (e instanceof SystemError)); });
          __netdev.errno = 111; held.connect(111);`,
        notes: ['-111Connection refusedtrue'],
      },
      { code: 'net.connect({ host: "h", port: 9 });', notes: [] },
    ],
  },
  {
    name: 'serve requests, with a body that comes late as data after the end',
    program: `
      require('http').createServer(function (req, res) {
        log.push([req.method, req.url, req.httpVersion, req.headers.host, req.complete].join(' '));
        req.on('data', function (d) { log.push('data ' + d.length); }).on('end', note('end')).on('close', note('gone'));
        res.on('finish', note('finish')).on('close', note('closed'));
        res.statusCode = 404;
        res.setHeader('X-Y', 'z');
        if (req.url === '/a') return res.end('ok');
        res.writeHead(404, '', { A: 'b' }).write('no');
        res.end();
        log.push(res.statusCode + res.statusMessage + res.headersSent + res.getHeader('X-y'));
      }).listen(80);`,
    steps: [
      {
        code: `l = accept(5); l.read_cb(bytes('GET /a HT'));
          l.read_cb(bytes('TP/1.1\\r\\nHost: a:80\\r\\n\\r\\n'));`,
        notes: [
          'GET /a 1.1 a false',
          'finish',
          'data 0',
          'end',
          'write 5 HTTP/1.1 200 OK|x-y: z|transfer-encoding: chunked||2|ok|0||',
          'shutdown 5 1',
        ],
      },
      { code: 'l.shutdown_cb(); l.close_cb();', notes: ['gone', 'closed'] },
      {
        code: `l = accept(6); l.read_cb(bytes('POST /b HTTP/1.1\\r\\nContent-Length: 3\\r\\n\\r\\n'));
          l.read_cb(bytes('abc'));`,
        notes: [
          'POST /b 1.1  false',
          'finish',
          '404OKtruez',
          'data 0',
          'end',
          'data 3',
          'write 6 HTTP/1.1 404 OK|x-y: z|A: b|transfer-encoding: chunked||2|no|0||',
          'shutdown 6 1',
        ],
      },
    ],
  },
  {
    name: 'ask for pages, whole and in chunks',
    program: `
      held.connect = 1;
      function ask(method, headers) {
        s = require('http').request({ host: 'h', method: method, headers: headers }, function (res) {
          log.push(res.statusCode + ' ' + res.statusMessage + ' ' + res.headers['content-type']);
          res.on('data', function (d) { log.push('data ' + String.fromCharCode.apply(null, d)); });
          res.on('end', note('end')).on('close', note('gone'));
        });
        s.on('finish', note('finish')).on('close', note('closed'));
        s.write('bo');
        s.end('dy');
        sockets[last].connect_cb();
        l = sockets[last];
      }`,
    steps: [
      {
        code: 'ask("PUT", { A: "b" });',
        notes: [
          'AF_INET STREAM',
          'connect h:80',
          'finish',
          'write 1 PUT / HTTP/1.1|A: b|host: h||body',
          'shutdown 1 1',
        ],
      },
      {
        code: 'l.read_cb(bytes("HTTP/1.1 404 Not Found\\r\\nContent-Type: t\\r\\n\\r\\nnope"));',
        notes: ['404 Not t', 'data nope', 'end'],
      },
      { code: 'l.close_cb();', notes: ['closed', 'gone'] },
      {
        code: 'ask("POST", { Host: "o", "transfer-encoding": "chunked" });',
        notes: [
          'AF_INET STREAM',
          'connect h:80',
          'finish',
          'write 2 POST / HTTP/1.1|Host: o|transfer-encoding: chunked||2|bo|2|dy|0||',
          'shutdown 2 1',
        ],
      },
      {
        code: `l.read_cb(bytes("${CHUNKED_HEAD}3\\r\\nabc\\r\\n1\\r\\nd\\r\\n0\\r\\n\\r\\n"));`,
        notes: ['200 OK undefined', 'data abc', 'data d', 'end'],
      },
      {
        code: 'require("http").get({ host: "h", path: "/p" }).on("error", note("error")); __netdev.errno = 110; held.connect(1);',
        notes: ['AF_INET STREAM', 'connect h:80', 'error'],
      },
    ],
  },
  {
    name: 'take addresses apart and put them together',
    program: `
      var url = require('url');
      function parts(text) {
        var u = new url.URL(text);
        return [u.protocol, u.username, u.password, u.hostname, u.port, u.pathname, u.search, u.hash].join(' ');
      }`,
    steps: [
      {
        code: `['http://u:p@h:81/a/b?c=d&e=f#g', 'ws://h', 'http://h?x=/', 'http://a:b:c@h#/?'].forEach(function (text) {
            log.push(parts(text), '' + new url.URL(text));
          });
          try { new url.URL('://h'); } catch (e) { log.push(e.name + ' ' + e.message); }`,
        notes: [
          'http: u p h 81 /a/b ?c=d&e=f g',
          'http://u:p@h:81/a/b?c=d&e=f#g',
          'ws:   h  /  ',
          'ws://h/',
          'http:   h?x=  /  ',
          'http://h?x=/',
          'http: a b:c h#  / ? ',
          'http://a:b:c@h#/?',
          'TypeError Invalid URL',
        ],
      },
      {
        code: `s = new url.URL('http://h/?a=1&b=%20x&a=2&c&d=e=f').searchParams;
          log.push(s.get('a') + s.get('b') + s.get('c') + s.has('c'), s.getAll('a'), s.keys(), s.values());
          s.set('a', 'new'); s.append('n', 5); s.delete('b');
          log.push(s, s.entries().length);`,
        notes: ['1 xnullfalse', '1,2', 'a,b,a,d', '1, x,2,e', 'a=new&d=e&n=5', '3'],
      },
    ],
  },
  {
    name: 'assemble programs for PIO',
    program: `
      var rp2 = require('rp2');
      function asm(options) { return new rp2.ASM(options); }
      function hex(a) {
        return Array.prototype.map.call(a.toBinary(), function (word) { return word.toString(16); }).join(' ');
      }`,
    steps: [
      {
        code: `s = asm().label('a').jmp('a').jmp('!x', 'b').jmp('x--', 'b').jmp('!y', 'b').jmp('y--', 'b').label('b');
          log.push(hex(s.jmp('x!=y', 'a').jmp('pin', 'a').jmp('!osre', 'b').jmp('', 'b')));
          log.push(hex(asm().wait(1, 'gpio', 7).wait(0, 'pin', 3).wait(1, 'irq', 2).wait(1, 'irq', 2, 'rel')));
          s = asm().in('pins', 1).in('x', 32).in('y', 2).in('null', 3).in('isr', 4).in('osr', 5);
          s.out('pins', 1).out('x', 16).out('y', 16).out('null', 32).out('pindirs', 2).out('pc', 5);
          log.push(hex(s.out('isr', 8).out('exec', 16)));
          s = asm().push().push('iffull').push(1, 0).push(0, 'block').pull().pull('ifempty', 'noblock').pull(1);
          log.push(hex(s));`,
        notes: [
          '0 25 45 65 85 a0 c0 e5 5',
          '2087 2023 20c2 20d2',
          '4001 4020 4042 4063 40c4 40e5 6001 6030 6050 6060 6082 60a5 60c8 60f0',
          '8020 8060 8040 8020 80a0 80c0 80e0',
        ],
      },
      {
        code: `s = asm().mov('pins', 'x').mov('x', '~y').mov('y', '!isr').mov('exec', 'osr').mov('pc', 'status');
          log.push(hex(s.mov('isr', '::pins').mov('osr', 'null').mov('x', '~null').nop()));
          log.push(hex(asm().irq(3).irq(3, 'rel').irq('set', 1).irq('wait', 2, 'rel').irq('clear', 4).irq('nowait', 0)));
          log.push(hex(asm().set('pins', 1).set('x', 31).set('y', 2).set('pindirs', 3)));
          log.push(hex(asm({ sideset: 2 }).nop().side(2).delay(5).nop().side(1)));
          log.push(hex(asm({ sideset: 1, sidesetOpt: true }).nop().side(1).delay(2).nop().nop().side(0)));
          s = asm().nop().wrap_target().set('x', 1).label('c').wrap().jmp('c').jmp('nowhere');
          log.push(hex(s), JSON.stringify(s.labels), s.toInst(1), s.toInst());`,
        notes: [
          'a001 a02a a04e a087 a0a5 a0d0 a0e7 a02f a042',
          'c003 c013 c001 c032 c044 c000',
          'e001 e03f e042 e083',
          'b542 a842',
          'ba42 a042 b042',
          'a042 e021 2 0',
          '{"wrap_target":1,"c":2,"wrap":1}',
          '57377',
          '41026',
        ],
      },
      {
        code: `[function (a) { a.jmp('z', 'a'); }, function (a) { a.wait(1, 'x', 0); }, function (a) { a.in('pc', 1); },
            function (a) { a.out('osr', 1); }, function (a) { a.mov('null', 'x'); }, function (a) { a.mov('x', 'pc'); },
            function (a) { a.set('isr', 1); }].forEach(function (f) {
            try { f(asm()); } catch (e) { log.push(e.name + ' ' + e.message); }
          });`,
        notes: [
          'Error Unknown condition of jmp()',
          'Error Unknown source of wait()',
          'Error Unknown source of in()',
          'Error Unknown destination of out()',
          'Error Unknown destination of mov()',
          'Error Unknown source of mov()',
          'Error Unknown destination of set()',
        ],
      },
      {
        code: `held = rp2.StateMachine; log.push(held.getAvailableId());
          s = new held(held.getAvailableId(), asm().in('x', 32).wrap(), { autopush: true });
          log.push(s.pio, s.sm, s.offset, s.length, held.getAvailableId());
          s.exec(asm().set('x', 9).toInst()); s.active(true);
          log.push(s.get(), s.rxfifo(), s.txfifo());
          s.active(false); s.clearFIFOs(); log.push(s.rxfifo());
          s.put(5); s.put(new Uint32Array([6, 7])); log.push(s.txfifo()); s.drainTXFIFO(); log.push(s.txfifo());
          s.exec(asm().mov('isr', 'osr').toInst()); s.exec(asm().push().toInst()); log.push(s.get());`,
        notes: ['0', '0', '0', '31', '1', '4', '9', '4', '0', '0', '3', '0', '7'],
      },
    ],
  },
];
