// The serial ports of this machine, and which of them look like a board with Kaluma.

import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../user-error.js';

/** Raspberry Pi's USB vendor id and the product ids of its SDK's serial ports, which Kaluma's builds keep. */
const VENDOR = '2e8a';
const PRODUCTS: Readonly<Record<string, string>> = { '000a': 'RP2040', '0009': 'RP2350' };

export interface FoundPort {
  path: string;
  /** USB ids, four hexadecimal digits; '' when it is not on USB. */
  vendor: string;
  product: string;
  /** Maker and product in words, as the device tells them. */
  description: string;
  /** The chip, when the port may be one of Kaluma's. */
  chip?: string;
}

/**
 * @param root of the file system, for tests
 * @returns the ports, sorted by path
 */
export async function listPorts(root?: string): Promise<FoundPort[]> {
  const ports =
    root !== undefined || process.platform === 'linux' ? linuxPorts(root ?? '/') : await otherPorts();
  for (const port of ports) {
    const chip = port.vendor === VENDOR ? PRODUCTS[port.product] : undefined;
    if (chip) port.chip = chip;
  }
  return ports.sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

/** @throws UserError when there is none, or more than one */
export async function onlyBoard(root?: string): Promise<string> {
  const boards = (await listPorts(root)).filter((p) => p.chip);
  if (boards.length === 1) return boards[0]!.path;
  throw new UserError(
    boards.length
      ? `there are several boards; name one with --port (${boards.map((p) => p.path).join(', ')})`
      : 'no port looks like a board with Kaluma; name one with --port (lightwire ports lists them)',
  );
}

/**
 * The kernel's own list. The serialport package asks udevadm, and dies without it, as in containers.
 */
function linuxPorts(root: string): FoundPort[] {
  const classes = join(root, 'sys/class/tty');
  if (!existsSync(classes)) return [];
  const ports: FoundPort[] = [];
  for (const name of readdirSync(classes)) {
    if (!/^tty(ACM|USB|AMA|S)\d+$/.test(name)) continue;
    const device = join(classes, name, 'device');
    if (!existsSync(device)) continue;
    const owner = realpathSync(device);
    const folder = [join(owner, '..'), join(owner, '../..')].find((f) => existsSync(join(f, 'idVendor')));
    // The kernel makes UARTs ahead of hardware; those that are not there have type 0.
    if (!folder && text(join(classes, name, 'type')) === '0') continue;
    const of = (attribute: string): string => (folder ? text(join(folder, attribute)) : '');
    ports.push({
      path: `/dev/${name}`,
      vendor: of('idVendor'),
      product: of('idProduct'),
      description: [of('manufacturer'), of('product')].filter(Boolean).join(' '),
    });
  }
  return ports;
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}

async function otherPorts(): Promise<FoundPort[]> {
  const { SerialPort } = await import('serialport');
  return (await SerialPort.list()).map((p) => ({
    path: p.path,
    vendor: (p.vendorId ?? '').toLowerCase(),
    product: (p.productId ?? '').toLowerCase(),
    description: p.manufacturer ?? '',
  }));
}
