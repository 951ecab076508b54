// The MQTT broker mosquitto in a namespace, open to everybody there, with nothing kept and its log on its lines.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetNamespace } from './namespace.js';
import type { Daemon } from './process.js';

export interface MosquittoOptions {
  /** The address in the namespace that it serves on. */
  address: string;
  port: number;
  /** Folder for its configuration. */
  folder: string;
}

/** Starts it. Resolves when it serves; its log, with each packet by its name, is the daemon's lines. */
export async function startMosquitto(space: NetNamespace, o: MosquittoOptions): Promise<Daemon> {
  const file = join(o.folder, 'mosquitto.conf');
  const lines = [
    `listener ${o.port} ${o.address}`,
    'allow_anonymous true',
    'persistence false',
    'user root',
    'log_dest stderr',
    'log_type all',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const daemon = space.daemon('mosquitto', ['-c', file]);
  await daemon.line(/mosquitto version .* running/);
  return daemon;
}
