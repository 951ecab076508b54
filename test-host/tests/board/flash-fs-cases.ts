// What Kaluma's `flash` and `fs` do: programs with what they tell, for the simulated board and for Kaluma itself.

export interface FlashFsCase {
  name: string;
  /** Expressions, and what each gives; '! message errno' for what it throws. */
  steps: [string, unknown][];
}

const PRELUDE = `
var fs = require('fs'), Flash = require('flash').Flash, f = new Flash(52, 80), fd, n = 0;
function filled(length, value) { var a = new Uint8Array(length); for (var i = 0; i < length; i++) a[i] = value; return a; }
function list(a) { return Array.prototype.slice.call(a).join(); }
function text(s) { return new TextEncoder().encode(s); }
function file(path) { return new TextDecoder().decode(fs.readFile(path)); }
function put(path, s) { fs.writeFile(path, text(s)); return fs.stat(path).size; }
function tell(step) {
  var r;
  try { r = step(); } catch (e) { r = '! ' + e.message + (e.errno === undefined ? '' : ' ' + e.errno); }
  console.log('step ' + n++ + ': ' + r);
}
`;

/** @returns a program that tells what each step gives in a line, as resultLines() has them */
export function flashFsProgram({ steps }: FlashFsCase): string {
  return PRELUDE + steps.map(([code]) => `tell(function () { return ${code}; });`).join('\n');
}

export function resultLines({ steps }: FlashFsCase): string[] {
  return steps.map(([, value], i) => `step ${i}: ${String(value)}`);
}

/** A sector of the case's own after power-up: erased. */
const BLANK = 'f.ioctl(6, 3)';

export const FLASH_FS_CASES: FlashFsCase[] = [
  {
    name: 'flash: the class, and its control operations',
    steps: [
      ['[f.base, f.count, f.size].join()', '52,80,4096'],
      ['[new Flash().base, new Flash().count].join()', '0,260'],
      ['[1, 2, 3, 4, 5, 7, 9].map(function (op) { return f.ioctl(op); }).join()', '0,0,0,80,4096,256,-1'],
      ['new Flash("1")', '! "base" argument must be a number'],
      ['f.read(0, [1])', '! "buffer" argument must be an TypedArray'],
      ['f.read("0", new Uint8Array(1))', '! "block" argument must be a number'],
    ],
  },
  {
    name: 'flash: is erased to ones, and programmed towards zeros',
    steps: [
      [
        `${BLANK} + ' ' + f.read(3, fd = new Uint8Array(4), 4092) + ' ' + list(fd)`,
        '0 undefined 255,255,255,255',
      ],
      ['f.write(3, filled(256, 0xf0), 256)', undefined],
      ['f.write(3, filled(256, 0x3c), 256)', undefined],
      ['f.read(3, fd, 254) || list(fd)', '255,255,48,48'],
      [`${BLANK} || f.read(3, fd, 254) || list(fd)`, '255,255,255,255'],
    ],
  },
  {
    name: 'flash: takes whole pages, or does nothing',
    steps: [
      [BLANK, 0],
      ['f.write(3, filled(256, 0), 1)', undefined],
      ['f.write(3, filled(255, 0), 0)', undefined],
      ['f.write(3, filled(512, 7), 512)', undefined],
      ['f.read(3, fd = new Uint8Array(2), 0) || list(fd)', '255,255'],
      ['f.read(3, fd, 1023) || list(fd)', '7,255'],
    ],
  },
  {
    name: 'flash: takes arrays from the start of their buffers',
    steps: [
      ['(fd = filled(8, 1)) && f.read(2, fd.subarray(4, 6), 0) || list(fd)', '255,255,1,1,1,1,1,1'],
      ['f.read(2, new Uint16Array((fd = filled(6, 1)).buffer, 0, 2), 0) || list(fd)', '255,255,255,255,1,1'],
    ],
  },
  {
    name: 'flash: reads on into the next sector',
    steps: [
      [`${BLANK} + f.ioctl(6, 4)`, 0],
      ['f.write(3, filled(256, 1), 3840) || f.write(4, filled(256, 2), 0)', undefined],
      ['f.read(3, fd = new Uint8Array(4), 4094) || list(fd)', '1,1,2,2'],
    ],
  },
  {
    name: 'flash: the program lies behind the storage',
    steps: [['new Flash(4, 1).read(0, fd = new Uint8Array(4), 0) || list(fd)', '10,118,97,114']],
  },
  {
    name: 'fs: files are there once they are closed',
    steps: [
      ['fs.exists("/a")', false],
      ['fs.open("/a")', '! No such file or directory -2'],
      ['fs.stat("/a")', '! No such file or directory -2'],
      ['fd = fs.open("/a", "w")', 0],
      ['fs.exists("/a") + " " + fs.stat("/a").size', 'true 0'],
      ['fs.write(fd, text("hello"))', 5],
      ['fs.stat("/a").size', 0],
      ['fs.close(fd)', undefined],
      [
        '[fs.stat("a").size, fs.stat("/a").isFile(), fs.stat("/").isDirectory(), fs.stat("/").size].join()',
        '5,true,true,0',
      ],
      ['file("/a")', 'hello'],
      ['fs.close(fd)', '! Bad file number -9'],
      ['fs.read(9, new Uint8Array(1))', '! Bad file number -9'],
    ],
  },
  {
    name: 'fs: reads and writes at positions and offsets',
    steps: [
      ['put("/a", "0123456789")', 10],
      ['fd = fs.open("/a", "r+")', 0],
      [
        '(tell.b = new Uint8Array(6)) && fs.read(fd, tell.b, 1, 3, 4) + " " + list(tell.b)',
        '3 0,52,53,54,0,0',
      ],
      ['fs.read(fd, tell.b, 0, 2) + " " + list(tell.b)', '2 55,56,53,54,0,0'],
      ['fs.read(fd, tell.b) + " " + fs.read(fd, tell.b) + " " + list(tell.b)', '1 0 57,56,53,54,0,0'],
      ['fs.write(fd, text("ABCDEF"), 2, 3, 1)', 3],
      ['fs.write(fd, text("xy"), 0, 2, 12)', 2],
      ['fs.close(fd)', undefined],
      ['file("/a").split("\\0").join("-")', '0CDE456789--xy'],
      ['fs.read(fd = fs.open("/a"), tell.b.subarray(4), 0, 1, 0) + " " + list(tell.b)', '1 48,56,53,54,0,0'],
      ['fs.close(fd)', undefined],
    ],
  },
  {
    name: 'fs: ways to open',
    steps: [
      ['put("/a", "abc")', 3],
      ['fs.close(fs.open("/a", "w")) || fs.stat("/a").size', 0],
      ['fs.open("/b", "w+")', '! No such file or directory -2'],
      ['fs.open("/b", "wx")', '! No such file or directory -2'],
      ['fs.open("/b", "a")', '! No such file or directory -2'],
      ['fs.open("/a", "wx")', '! File exists -17'],
      ['fs.open("/", "r")', '! Is a directory -21'],
      ['fs.open("/no/b", "w")', '! No such file or directory -2'],
      ['fs.open("/a/b", "w")', '! Not a directory -20'],
      ['[fs.open("/a"), fs.open("/a"), fs.close(0), fs.open("/a")].join()', '0,1,,0'],
    ],
  },
  {
    name: 'fs: names are taken away and over',
    steps: [
      ['put("/a", "new") + put("/b", "older")', 8],
      ['fs.rename("/a", "/b")', undefined],
      ['fs.exists("/a") + " " + file("/b")', 'false new'],
      ['fs.rename("/a", "/c")', '! No such file or directory -2'],
      ['fs.unlink("/b") || fs.exists("/b")', false],
      ['fs.unlink("/b")', '! No such file or directory -2'],
      ['fs.mkdir("/d") || put("/d/x", "1") + put("/d/y", "2")', 2],
      ['fs.readdir("/d").join() + " " + fs.readdir("/").join()', 'x,y d'],
      ['fs.mkdir("/d")', '! File exists -17'],
      ['fs.unlink("/d")', '! Directory not empty -39'],
      ['fs.rename("/d", "/e") || file("/e/y")', 2],
      ['fs.rm("/e/x") || fs.rm("/e/y") || fs.rmdir("/e") || fs.readdir("/").length', 0],
    ],
  },
  {
    name: 'fs: files fill half a megabyte, then there is no room',
    steps: [
      ['fd = fs.open("/a", "w")', 0],
      ['(tell.b = filled(4096, 9)) && fs.write(fd, tell.b)', 4096],
      [
        '(function () { for (var i = 0; i < 99; i++) fs.write(fd, tell.b); fs.close(fd); return fs.stat("/a").size; })()',
        409600,
      ],
      ['fd = fs.open("/b", "w")', 0],
      [
        '(function () { for (var i = 0; i < 40; i++) fs.write(fd, tell.b); })()',
        '! No space left on device -28',
      ],
    ],
  },
];
