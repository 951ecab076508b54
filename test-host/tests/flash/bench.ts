// A Kaluma prompt on a pseudo-terminal, for programs that open serial ports; and Kaluma's own such program.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../tools/flash/bundle-file.js';
import { openPty, type Pty } from '../../pty/pty.js';
import { KalumaSerial, type KalumaSerialOptions } from '../../peers/kaluma-serial.js';

export interface KalumaOnPty {
  pty: Pty;
  path: string;
  kaluma: KalumaSerial;
  close(): Promise<void>;
}

export function kalumaOnPty(options: KalumaSerialOptions = {}): KalumaOnPty {
  const pty = openPty();
  const kaluma = new KalumaSerial(options);
  pty.onData = (bytes) => kaluma.input(bytes);
  kaluma.onOutput = (bytes) => pty.write(bytes);
  return { pty, path: pty.path, kaluma, close: () => pty.close() };
}

/** The command line of Kaluma's makers. */
export const KALUMA_CLI = join(ROOT, 'node_modules/@kaluma/cli/bin/kaluma.js');

/** Why it cannot run, or '': the binding of its serialport has to be compiled, which npm is told not to do. */
export function kalumaCliMissing(): string {
  if (!existsSync(KALUMA_CLI)) return 'needs @kaluma/cli (npm ci)';
  const binding = join(ROOT, 'node_modules/@serialport/bindings/build/Release/bindings.node');
  return existsSync(binding)
    ? ''
    : "needs its binding: 'npm rebuild @serialport/bindings --ignore-scripts=false'";
}
