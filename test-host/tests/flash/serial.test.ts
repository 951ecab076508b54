// The serial protocol against a Kaluma prompt with faults, in memory: what is not right in the end is never called right.

import assert from 'node:assert/strict';
import type { ProgramImage } from '../../../tools/flash/program.js';
import { Conversation, LineClosed } from '../../../tools/flash/serial/conversation.js';
import type { SerialLine } from '../../../tools/flash/serial/serial-line.js';
import { BOARD_TIMES, ProgramBoard, type BoardTimes } from '../../../tools/flash/serial/program-board.js';
import { crc16 } from '../../../tools/flash/serial/ymodem.js';
import { UserError } from '../../../tools/flash/user-error.js';
import { KalumaSerial, type KalumaSerialOptions } from '../../peers/kaluma-serial.js';
import type { Fate } from '../../peers/ymodem-receiver.js';

/** For boards that stay silent; a limit that passes early on a slow machine could not change these outcomes. */
const HASTY: BoardTimes = {
  prompt: { answer: 40, quiet: 5, attempts: 3 },
  ymodem: { start: 40, header: 40, block: 40, quiet: 5 },
  erase: 40,
  result: 40,
  read: 40,
};
/** For boards that answer. */
const PATIENT: BoardTimes = {
  ...BOARD_TIMES,
  prompt: { ...BOARD_TIMES.prompt, answer: 20_000, quiet: 5 },
  ymodem: { ...BOARD_TIMES.ymodem, block: 20_000, quiet: 5 },
};

interface Bench {
  kaluma: KalumaSerial;
  board: ProgramBoard;
  line: SerialLine;
  conversation: Conversation;
}

function bench(options: KalumaSerialOptions = {}, times = PATIENT): Bench {
  const kaluma = new KalumaSerial(options);
  const line: SerialLine = {
    onData: () => {},
    onClose: () => {},
    write: (bytes) => void setImmediate(() => kaluma.input(bytes)),
    close: () => Promise.resolve(),
  };
  kaluma.onOutput = (bytes) => void setImmediate(() => line.onData(bytes));
  const conversation = new Conversation(line);
  return { kaluma, line, conversation, board: new ProgramBoard(conversation, 'P', times) };
}

const text = Array.from({ length: 200 }, (_, i) => `print('line ${i}');`).join('\n');
const program: ProgramImage = { name: 'app.js', bytes: Buffer.from(text) };
const BLOCKS = Math.ceil(text.length / 1024);

function says(message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  };
}

/** Fates by what arrives when: 0 the name, then the blocks, the end of file, the end of the session. */
function fates(list: Readonly<Record<number, Fate>>): (arrival: number) => Fate {
  return (arrival) => list[arrival] ?? 'take';
}

describe('flash: serial, a board that works', () => {
  it('is identified, written, read back and started', async () => {
    const { kaluma, board } = bench({ board: 'pico-w', program: 'old' });
    const { layout, version } = await board.identify();
    assert.equal(layout.board, 'pico-w');
    assert.equal(version, '1.2.1');
    await board.stopProgram();
    const sent: number[] = [];
    await board.write(program, (bytes) => sent.push(bytes));
    assert.equal(kaluma.program, text);
    assert.deepEqual(sent, [...Array.from({ length: BLOCKS - 1 }, (_, i) => 1024 * (i + 1)), text.length]);
    await board.verify(program);
    await board.load();
    assert.deepEqual(kaluma.entered.slice(-4), ['.flash -w', '.flash -s', '.flash -r', '.load']);
  });

  for (const length of [1, 127, 128, 1023, 1024, 1025, 2048]) {
    it(`a program of ${length} bytes arrives as it is`, async () => {
      const { kaluma, board } = bench();
      const source = 'x'.repeat(length - 1) + '\n';
      await board.write({ name: 'x', bytes: Buffer.from(source) }, () => {});
      assert.equal(kaluma.program, source);
      await board.verify({ name: 'x', bytes: Buffer.from(source) });
    });
  }

  it('more than 256 blocks: their numbers begin anew', async () => {
    const { kaluma, board } = bench();
    const source = Array.from({ length: 40_000 }, (_, i) => `x${i};`).join('');
    assert.ok(source.length > 256 * 1024);
    await board.write({ name: 'x', bytes: Buffer.from(source) }, () => {});
    assert.equal(kaluma.program, source);
  });

  it('is verified with UTF-8 and line ends of every kind in it', async () => {
    const { board } = bench();
    const odd = { name: 'x', bytes: Buffer.from('// é €\r\n\n\r// 𝄞\n') };
    await board.write(odd, () => {});
    await board.verify(odd);
  });

  it('is erased', async () => {
    const { kaluma, board } = bench({ program: 'old' });
    await board.identify();
    await board.erase();
    assert.equal(kaluma.program, '');
  });

  it('CRC-16 of the check string (XMODEM: 0x31c3)', () => {
    assert.equal(crc16(Buffer.from('123456789')), 0x31c3);
  });
});

describe('flash: serial, getting attention', () => {
  const states: [string, KalumaSerialOptions][] = [
    ['a line half typed, which is not run', { faults: { typed: '.flash -e' } }],
    ['a receiver of an earlier transfer', { faults: { receiving: true } }],
    ['an escape sequence half-way', { faults: { inEscape: true } }],
    ['a program that prints', { faults: { chatter: '<lw1:0:lw1 \x1b[0m> C\x06\x18\x18\r\n' } }],
  ];
  for (const [what, options] of states) {
    it(`gets it in spite of ${what}`, async () => {
      const { kaluma, board } = bench({ ...options, program: 'old' }, { ...PATIENT, prompt: HASTY_PROMPT });
      await board.identify();
      await board.stopProgram();
      assert.equal(kaluma.program, 'old');
      await board.write(program, () => {});
      await board.verify(program);
      assert.equal(kaluma.program, text);
    });
  }

  it('says so when nothing answers', async () => {
    const { board } = bench({ faults: { dead: true } }, HASTY);
    await assert.rejects(board.identify(), says(/the board on P does not answer \(.*GPIO 22/));
  });

  it('says so when the prompt is no JavaScript', async () => {
    const { board } = bench({ faults: { noJavaScript: true } }, HASTY);
    await assert.rejects(board.identify(), says(/does not answer/));
  });

  it('says so when the board is not known', async () => {
    const { board } = bench({ board: 'esp32' });
    await assert.rejects(board.identify(), says(/calls itself 'esp32'/));
  });

  it('says so when the board is not Kaluma', async () => {
    const { board } = bench({ board: "' + board.nothing.at.all + '" });
    await assert.rejects(board.identify(), says(/calls itself/));
  });

  it('ends at once when the line goes away', async () => {
    const { board, line } = bench({ faults: { dead: true } }, PATIENT);
    const waiting = board.identify();
    setImmediate(() => line.onClose());
    await assert.rejects(waiting, LineClosed);
  });
});

/** Attempts that are not answered must pass; the one that is answered has time. */
const HASTY_PROMPT = { answer: 500, quiet: 5, attempts: 10 };

describe('flash: serial, faults of a transfer', () => {
  const END = BLOCKS + 1;
  const mended: [string, Record<number, Fate>][] = [
    ['a damaged name', { 0: 'ask' }],
    ['a damaged first block', { 1: 'ask' }],
    ['a block damaged three times', { 2: 'ask', 3: 'ask', 4: 'ask' }],
    ['a damaged last block', { [BLOCKS]: 'ask' }],
    ['a refused block', { 2: 'nak' }],
    ['an end that is refused at first', { [END]: 'nak' }],
    ['a damaged end of the session', { [END + 1]: 'ask' }],
    ['a transfer given up by the board', { 2: 'cancel' }],
  ];
  for (const [what, list] of mended) {
    it(`gets over ${what}`, async () => {
      let used = false;
      const fate = (arrival: number): Fate => {
        // Only the first transfer has the fault.
        const own = used ? 'take' : fates(list)(arrival);
        if (own === 'cancel') used = true;
        return own;
      };
      const { kaluma, board } = bench({ faults: { fate } });
      await board.write(program, () => {});
      assert.equal(kaluma.program, text);
    });
  }

  const lost: [string, Record<number, Fate>][] = [
    ['the ACK of the name', { 0: 'lost' }],
    ['the ACK of a block', { 3: 'lost' }],
    ['a whole block', { 3: 'mute' }],
    ['the ACK of the end', { [END]: 'mute' }],
  ];
  for (const [what, list] of lost) {
    it(`gets over the loss of ${what}`, async () => {
      // The limits must pass for what was lost; what is answered has time.
      const ymodem = { start: 20_000, header: 1000, block: 1000, quiet: 5 };
      const { kaluma, board } = bench({ faults: { fate: fates(list) } }, { ...PATIENT, ymodem });
      await board.write(program, () => {});
      assert.equal(kaluma.program, text);
    });
  }

  it('a board that never takes a block: reported, and the area erased', async () => {
    const { kaluma, board } = bench({ faults: { fate: (n) => (n === 0 ? 'take' : 'ask') } });
    await assert.rejects(
      board.write(program, () => {}),
      says(/^the transfer arrived garbled; the board holds no program now$/),
    );
    assert.equal(kaluma.program, '');
    assert.equal(kaluma.entered.filter((l) => l === '.flash -w').length, 2);
  });

  it('a board that falls silent: reported', async () => {
    const { board } = bench({ faults: { fate: (n) => (n < 3 ? 'take' : 'mute') } }, HASTY);
    await assert.rejects(
      board.write(program, () => {}),
      says(/^the transfer got no answer; /),
    );
  });

  it('a board that does not ask for the file: reported', async () => {
    const { board } = bench({ faults: { deaf: true, fate: () => 'mute' } }, HASTY);
    await assert.rejects(
      board.write(program, () => {}),
      says(/^the transfer got no answer; /),
    );
  });

  it('a board without room: reported in its own words', async () => {
    const { kaluma, board } = bench({ room: 2000 });
    await assert.rejects(
      board.write(program, () => {}),
      says(/^the transfer was refused by the board: Verification failed; the board holds no program now$/),
    );
    assert.equal(kaluma.program, '');
  });

  it('other bytes on the board: the offset is named', async () => {
    const { board } = bench({ faults: { badByte: 1234 } });
    await board.write(program, () => {});
    await assert.rejects(board.verify(program), says(/^verification failed: .* from offset 1234 on$/));
  });

  it('another length on the board: reported', async () => {
    const { board } = bench({ program: 'short' });
    await assert.rejects(
      board.verify(program),
      says(new RegExp(`the board holds 5 bytes, not ${text.length}`)),
    );
  });
});
