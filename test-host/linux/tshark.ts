// tshark's verdict on a capture: every frame dissected, every checksum verified.

import { run, type Result } from './process.js';

/** Results of checksum verification; 0 is bad. */
const STATUS = ['ip.checksum.status', 'tcp.checksum.status', 'udp.checksum.status', 'icmp.checksum.status'];
/** The kernel may send 0xffff where a TCP checksum comes out as 0, which tshark calls bad: one frame in 65536. */
const KERNELS_ZERO = 'ip.src==10.77.0.1 && tcp.checksum==0xffff';
/** Frames that are not as they should be. */
const BAD = `(${['_ws.malformed', ...STATUS.map((s) => `${s}==0`)].join(' || ')}) && !(${KERNELS_ZERO})`;

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
  const fields = ['frame.number', '_ws.col.Info', '_ws.expert.message', ...STATUS].flatMap((f) => ['-e', f]);
  const bad = await tshark(file, ['-Y', BAD, '-T', 'fields', ...fields], plain);
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
