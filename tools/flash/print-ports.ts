// `lightwire ports`: one line for each serial port.

import { listPorts } from './serial/ports.js';

export async function printPorts(): Promise<void> {
  const ports = await listPorts();
  if (!ports.length) console.log('no serial ports');
  const width = Math.max(...ports.map((p) => p.path.length));
  for (const { path, vendor, product, description, chip } of ports) {
    const ids = vendor ? `${vendor}:${product}` : '-';
    const mark = chip ? `  <- may be Kaluma (${chip})` : '';
    console.log(`${path.padEnd(width)}  ${ids.padEnd(9)}  ${description}${mark}`.trimEnd());
  }
}
