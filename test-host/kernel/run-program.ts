// Runs one program of a differential test on one ground.

import type { SocketGround } from './socket-api.js';
import { Tracer } from './tracer.js';

export interface Sequence {
  /** What it shows; unique. */
  name: string;
  /** The kernel lets root alone do this. */
  needsRoot?: boolean;
  run: (t: Tracer) => Promise<void>;
}

/** Real milliseconds until a program counts as stuck; none takes a second. */
const STUCK = 15000;

/** @returns what the program's calls gave, one line each */
export async function trace(ground: SocketGround, run: Sequence['run']): Promise<string[]> {
  const tracer = new Tracer(ground);
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('stuck')), STUCK);
  });
  try {
    await Promise.race([run(tracer), stuck]);
  } catch (error) {
    tracer.lines.push('threw ' + (error as Error).message);
  } finally {
    clearTimeout(timer);
  }
  const lines = tracer.lines.slice();
  await ground.dispose();
  return lines;
}
