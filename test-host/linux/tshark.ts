// tshark's verdict on a capture: every frame dissected, every checksum verified.

import { run, type Result } from './process.js';

/** Frames that are not as they should be. A status of 0 is a bad checksum. */
const BAD = [
  '_ws.malformed',
  'ip.checksum.status==0',
  'tcp.checksum.status==0',
  'udp.checksum.status==0',
  'icmp.checksum.status==0',
].join(' || ');

export interface Verdict {
  /** Frames in the capture. */
  frames: number;
  /** One line for each bad frame. */
  bad: string[];
}

/**
 * @param file a capture
 * @param plain TCP and UDP ports whose content is arbitrary, not the protocol that tshark would expect there
 */
export async function verdict(file: string, plain: number[] = []): Promise<Verdict> {
  const bad = await tshark(file, ['-Y', BAD], plain);
  return { frames: await count(file, 'frame'), bad: bad.split('\n').filter(Boolean) };
}

/** Frames that a display filter picks. */
export async function count(file: string, filter: string): Promise<number> {
  const out = await tshark(file, ['-Y', filter, '-T', 'fields', '-e', 'frame.number'], []);
  return out.split('\n').filter(Boolean).length;
}

async function tshark(file: string, args: string[], plain: number[]): Promise<string> {
  const decode = plain.flatMap((port) => ['-d', `tcp.port==${port},data`, '-d', `udp.port==${port},data`]);
  const result: Result = await run('tshark', [
    ...['-n', '-r', file],
    ...['-o', 'ip.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'],
    ...decode,
    ...args,
  ]);
  if (result.code !== 0) throw new Error(`tshark: exit code ${result.code}\n${result.stderr}`);
  return result.stdout;
}
