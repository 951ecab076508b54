// The code that starts the radio, in a Wi-Fi app as built: in memory for a start and at no other time, and never made of a
// flash that holds something else.

import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { parse } from 'acorn';
import { RAW_OFFSET } from '../../../tools/cyw43/image.js';
import { Air } from '../../air/index.js';
import type { SimulatedBoard } from '../../board/board.js';
import { createPicoW } from '../../board/pico-cyw43.js';
import { cyw43OnAir } from '../../chips/cyw43/on-air.js';
import { standInImage } from '../../chips/cyw43/stand-in-image.js';
import { bundleOf } from '../../linux/bundle.js';
import { Link } from '../../sim/link.js';
import { SeededRandom } from '../../sim/random.js';
import { Scheduler } from '../../sim/scheduler.js';
import { overlayTexts } from '../support/overlay-texts.js';

/** Hands every function that an overlay is made of to global.overlays, one list for each time. */
const WATCH = `
global.overlays = [];
(function () {
  var Plain = Function;
  global.Function = function (names, code) {
    var made = new Plain('keep,' + names, code.replace(/return (\\w+)\\/\\//, 'keep([FUNCTIONS]);return $1//'));
    return function () {
      var values = [function (list) { global.overlays.push(list); }];
      for (var i = 0; i < arguments.length; i++) values.push(arguments[i]);
      return made.apply(null, values);
    };
  };
})();
`;

const STARTED = /^wifi: chip started in/;
const UP = /^link up, 0/;
const NO_CODE = 'wifi: chip cannot be started: its code is not where the program is stored';

describe('board: code of a Wi-Fi app that is not in memory', function () {
  this.timeout(120_000);
  let bundle = '';
  let watch = '';
  let collect: () => void;
  before(async () => {
    setFlagsFromString('--expose-gc');
    collect = vm.runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
    bundle = await bundleOf('wifi-http-server');
    const [text] = overlayTexts(bundle);
    const { body } = parse(text!, { ecmaVersion: 5, sourceType: 'script', allowReturnOutsideFunction: true });
    const names = body.flatMap((node) => (node.type === 'FunctionDeclaration' ? [node.id.name] : []));
    assert.ok(names.length > 10, 'an overlay of many functions');
    watch = WATCH.replace('FUNCTIONS', names.join());
  });

  class World {
    readonly scheduler = new Scheduler();
    readonly board: SimulatedBoard;
    /** The firmware traps; the driver starts the chip anew. */
    readonly crash: () => void;

    constructor() {
      const { scheduler } = this;
      const air = new Air(scheduler);
      const link = new Link(scheduler, { seed: 1 });
      air.add({ ssid: 'home', passphrase: 'correct horse', port: link.a });
      const { chip, firmware } = cyw43OnAir({ scheduler, air, random: new SeededRandom(43439) });
      this.crash = () => firmware.crash();
      const head = bundle.indexOf('*/') + 3;
      const code = bundle.slice(0, head) + watch + bundle.slice(head);
      this.board = createPicoW({ scheduler, chip, bundle: code }).board;
      this.board.storage.set('WIFI_SSID', 'home').set('WIFI_PASSWORD', 'correct horse');
      this.board.flashChip.place(RAW_OFFSET, standInImage());
      this.board.start();
    }

    /** Runs until the console has shown such a line for the `count`th time. */
    until(line: RegExp | string, count = 1): void {
      const { lines } = this.board;
      const shown = (): number =>
        lines.filter((one) => (typeof line === 'string' ? one === line : line.test(one))).length;
      assert.ok(
        this.scheduler.runWhile(() => shown() >= count, 20e6),
        `${line}\n${lines.join('\n')}`,
      );
    }

    /** Functions that have been made of an overlay since this was asked last. */
    made(): WeakRef<object>[][] {
      const lists = this.board.context['overlays'] as object[][];
      return lists.splice(0).map((list) => list.map((fn) => new WeakRef(fn)));
    }
  }

  /** How many are still there when all that nobody holds is gone. */
  async function alive(functions: WeakRef<object>[]): Promise<number> {
    // Weak references keep what they stand for until the job that made them is over.
    await new Promise(setImmediate);
    collect();
    return functions.filter((ref) => ref.deref()).length;
  }

  it('is brought in for each start of the chip, and gone when that is over', async () => {
    const world = new World();
    const [first, ...more] = world.made();
    assert.equal(more.length, 0);
    assert.ok((await alive(first!)) > 10, 'in use');
    world.until(UP);
    assert.equal(await alive(first!), 0);
    for (let i = 2; i <= 3; i++) {
      world.crash();
      world.until(STARTED, i);
      const made = world.made();
      assert.equal(made.length, 1);
      world.until(UP, i);
      assert.equal(await alive(made[0]!), 0);
    }
    assert.deepEqual(world.board.errors, []);
  });

  it('is gone as well when a start fails', async () => {
    const world = new World();
    const program = world.board.flashChip;
    program.erase(52);
    world.until(/^wifi: chip has no firmware on this board/);
    assert.equal(await alive(world.made().flat()), 0);
    program.place(RAW_OFFSET, standInImage());
    world.until(UP);
    assert.equal(await alive(world.made().flat()), 0);
    assert.deepEqual(world.board.errors, []);
  });

  for (const [what, spoil] of [
    ['another program', () => 'print("hello");'],
    ['a program that is half written', (text) => text.slice(0, 3000)],
    ['a program that begins otherwise', (text) => `// mine\n${text}`],
  ] as [string, (text: string) => string][]) {
    it(`is not taken from ${what}; the board says so, and goes on when it is there again`, () => {
      const world = new World();
      const { flashChip } = world.board;
      world.until(UP);
      world.made();
      const text = flashChip.programText;
      flashChip.programText = spoil(text);
      world.crash();
      world.until(NO_CODE);
      world.until(NO_CODE, 3);
      assert.equal(world.made().length, 0);
      // Writing a program erases the radio's firmware, which lies behind it.
      flashChip.programText = text;
      flashChip.place(RAW_OFFSET, standInImage());
      world.until(UP, 2);
      assert.deepEqual(world.board.errors, []);
    });
  }
});
