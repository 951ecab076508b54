// hal/kaluma_blob.ts as a program for Kaluma, which tells what it finds; and images for it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { buildImage, FORMAT, IMAGE_FILE, RAW_OFFSET, RAW_SIZE } from '../../../tools/cyw43/image.js';
import { CHIP } from '../../../tools/cyw43/chip-files.js';
import { ROOT } from '../../../tools/flash/bundle-file.js';
import { LAYOUTS } from '../../../tools/flash/flash-layout.js';
import { clmOf, firmwareOf, NVRAM_BYTES } from '../cyw43-firmware/published.js';

export function imageOf(seed: number, body = 20_000): Buffer {
  const firmware = firmwareOf({ body, seed });
  return Buffer.from(buildImage({ firmware, nvram: NVRAM_BYTES, clm: clmOf(), version: `v${seed}` }));
}

/**
 * @param after code that follows; `blob` is the shim's, `look()` tells what it opens: size, version and the sum of all
 * bytes, or why there is none
 */
export function blobProgram(after: string): string {
  const modules = ['kaluma_flash', 'kaluma_blob'].map((name) => {
    const source = readFileSync(join(ROOT, `hal/${name}.ts`), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES5 },
    });
    return outputText.replace(/require\("\.\/\w+\.js"\)/g, 'exports');
  });
  const config = {
    kind: [0x5943574c, 0x00333457, FORMAT, CHIP],
    sector: (RAW_OFFSET - LAYOUTS.pico.storage.offset) / 4096,
    sectors: RAW_SIZE / 4096,
    file: IMAGE_FILE,
  };
  return `var exports = {};
${modules.join('')}
var fs = require('fs'), Flash = require('flash').Flash;
var blob = exports.kalumaBlob(${JSON.stringify(config)});
function look() {
  var r = blob.open();
  if (!r) return blob.reason;
  var b = new Uint8Array(4096), sum = 0, version = '';
  r.read(0, b);
  for (var i = 40; b[i]; i++) version += String.fromCharCode(b[i]);
  for (var at = 0; at < r.size; at += 4096) {
    if (r.size - at < 4096) b = new Uint8Array(r.size - at);
    r.read(at, b);
    for (var j = 0; j < b.length; j++) sum += b[j];
  }
  return r.size + ' ' + version + ' ' + sum;
}
${after}`;
}

/** What look() says of an image that is right. */
export function found(image: Uint8Array, seed: number): string {
  return `${image.length} v${seed} ${image.reduce((sum, byte) => sum + byte, 0)}`;
}
