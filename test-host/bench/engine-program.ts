// The program that times the engine's operations on the board. It runs in Kaluma: ES5, no modules. Each operation is a
// function that does it n times in a loop; what an empty loop takes is taken off.

/** An operation to time. */
export interface Operation {
  name: string;
  /** Microseconds that DEVICE.md, an independent measurement on the same emulator, gives. */
  reference: number;
  /** Repetitions. */
  times: number;
  /** Statements before the loop. */
  setup?: string;
  /** What the loop does; `i` counts, `s` takes results. */
  body: string;
}

const BYTES = 'var a = new Uint8Array(1500);';
const BUS = 'var spi = board.__bench;';
/** A state machine that always has a word. */
const WORDS = 'var get = board.__rp2.pio_sm_get;';

export const OPERATIONS: readonly Operation[] = [
  { name: 'loop iteration', reference: 5.6, times: 2000, body: '' },
  { name: 'int add of locals', reference: 4.2, times: 2000, setup: 'var x = 5;', body: 's = x + i;' },
  { name: 'fraction add', reference: 13, times: 1000, setup: 'var x = 0.5;', body: 's = x + i;' },
  { name: 'function call, 1 argument', reference: 14, times: 1000, setup: 'function f(p) {}', body: 'f(i);' },
  {
    name: 'function call, 4 arguments',
    reference: 16,
    times: 1000,
    setup: 'function f(p, q, r, t) {}',
    body: 'f(i, i, i, i);',
  },
  {
    name: 'method on the prototype',
    reference: 20,
    times: 1000,
    setup: 'function C() { this.v = 1; } C.prototype.m = function () {}; var o = new C();',
    body: 'o.m();',
  },
  { name: 'typed array read', reference: 9, times: 1000, setup: BYTES, body: 's = a[7];' },
  { name: 'typed array write', reference: 12, times: 1000, setup: BYTES, body: 'a[7] = i;' },
  {
    name: 'plain array read',
    reference: 5.6,
    times: 1000,
    setup: 'var a = [1, 2, 3, 4];',
    body: 's = a[2];',
  },
  {
    name: 'plain array write',
    reference: 7.7,
    times: 1000,
    setup: 'var a = [1, 2, 3, 4];',
    body: 'a[2] = i;',
  },
  {
    name: 'property read, object of 3',
    reference: 8,
    times: 1000,
    setup: 'var o = { p: 1, q: 2, r: 3 };',
    body: 's = o.q;',
  },
  {
    name: 'switch, 8th case',
    reference: 22,
    times: 500,
    setup: 'var x = 8;',
    body: 'switch (x) { case 1: case 2: case 3: case 4: case 5: case 6: case 7: break; case 8: break; }',
  },
  { name: 'object literal, 2 properties', reference: 30, times: 500, body: 's = { p: 1, q: 2 };' },
  { name: 'closure', reference: 23, times: 500, body: 's = function () {};' },
  {
    name: 'DataView getUint16',
    reference: 25,
    times: 500,
    setup: `${BYTES} var d = new DataView(a.buffer);`,
    body: 's = d.getUint16(6);',
  },
  { name: 'new Uint8Array(64)', reference: 77, times: 300, body: 's = new Uint8Array(64);' },
  { name: 'subarray', reference: 116, times: 300, setup: BYTES, body: 's = a.subarray(10, 20);' },
  {
    name: 'set of 1460 bytes',
    reference: 64,
    times: 200,
    setup: `${BYTES} var b = new Uint8Array(1460);`,
    body: 'a.set(b);',
  },
  {
    name: 'copyWithin of 1400 bytes',
    reference: 65,
    times: 200,
    setup: BYTES,
    body: 'a.copyWithin(0, 100, 1500);',
  },
  { name: 'fill of 1500 bytes', reference: 5330, times: 10, setup: BYTES, body: 'a.fill(1);' },
  {
    name: 'Array.from of 54',
    reference: 2200,
    times: 10,
    setup: 'var b = new Uint8Array(54);',
    body: 's = Array.from(b);',
  },
  {
    name: 'setTimeout and clearTimeout',
    reference: 46,
    times: 200,
    setup: 'function f() {}',
    body: 'clearTimeout(setTimeout(f, 1000));',
  },
  { name: 'digitalWrite', reference: 19, times: 500, body: 'digitalWrite(15, 1);' },
  { name: 'micros', reference: 15, times: 500, body: 's = micros();' },
  {
    name: 'spi.send of 3 bytes',
    reference: 50,
    times: 300,
    setup: `${BUS} var b = new Uint8Array(3);`,
    body: 'spi.send(b);',
  },
  {
    name: 'spi.transfer of 3 bytes',
    reference: 95,
    times: 100,
    setup: `${BUS} var b = new Uint8Array(3);`,
    body: 's = spi.transfer(b);',
  },
  { name: 'spi.recv of 1500 bytes', reference: 939, times: 20, setup: BUS, body: 's = spi.recv(1500);' },
  { name: 'word from a PIO FIFO', reference: 18, times: 400, setup: WORDS, body: 's = get(0, 1);' },
];

/** What a line of results begins with. */
export const MARK = 'us ';

/** The program for the board: prints a line for each operation, then `end`. */
export function engineProgram(): string {
  const functions = OPERATIONS.map(
    ({ setup = '', body, times }) =>
      `[${times}, function (n) { var s, i; ${setup} var t = micros(); for (i = 0; i < n; i++) { ${body} } return micros() - t; }]`,
  );
  return `
    pinMode(15, OUTPUT);
    board.__bench = new (require('spi').SPI)(0, { baudrate: 20000000 });
    var rp2 = board.__rp2 = process.binding(process.binding.rp2);
    // in null, 32: the FIFO is full of zeros.
    var offset = rp2.pio_add_program(0, new Uint16Array([0x4060]));
    rp2.pio_sm_init(0, 1, { offset: offset, wrapTarget: 0, wrap: 0, autopush: true });
    rp2.pio_sm_set_enabled(0, 1, true);
    var operations = [${functions.join(',\n')}];
    var next = 0, empty = 0;
    setTimeout(function run() {
      var o = operations[next], each = o[1](o[0]) / o[0];
      if (!next) empty = each;
      console.log('${MARK}' + next + ' ' + (next ? each - empty : each));
      if (++next < operations.length) setTimeout(run, 1);
      else console.log('end');
    }, 10);
  `;
}

/** Reads a line of results. @returns index of the operation and its µs, or null for another line */
export function parseResult(line: string): [number, number] | null {
  const match = /^us (\d+) (-?\d+(?:\.\d+)?)$/.exec(line);
  return match && [Number(match[1]), Number(match[2])];
}
