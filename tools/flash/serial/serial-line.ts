// A serial port as a line of bytes, with errors in words.

import { SerialPort } from 'serialport';
import { UserError } from '../user-error.js';

/** USB has no bit rate; a UART between would run at Kaluma's usual one. */
const BAUD = 115200;
/** How long closing waits for what a device does not take, ms. */
const LINGER = 1000;

export interface SerialLine {
  /** Takes what comes in. */
  onData: (bytes: Uint8Array) => void;
  /** Told when the other end goes away. */
  onClose: () => void;
  write(bytes: Uint8Array): void;
  /** Closes it when what was written has left, or cannot leave. */
  close(): Promise<void>;
}

/**
 * Opens a port for this process alone.
 * @throws UserError when it is not there, taken, or not ours to open
 */
export async function openSerial(path: string): Promise<SerialLine> {
  const port = new SerialPort({ path, baudRate: BAUD, autoOpen: false });
  await new Promise<void>((resolve, reject) =>
    port.open((error) => (error ? reject(new UserError(openFailure(path, error.message))) : resolve())),
  );
  let open = true;
  let written: Promise<void> = Promise.resolve();
  const gone = (): void => {
    if (!open) return;
    open = false;
    line.onClose();
  };
  const line: SerialLine = {
    onData: () => {},
    onClose: () => {},
    write(bytes) {
      if (open) written = new Promise((resolve) => port.write(bytes, () => resolve()));
    },
    async close() {
      if (open) await within(written, LINGER);
      open = false;
      await new Promise<void>((resolve) => (port.isOpen ? port.close(() => resolve()) : resolve()));
    },
  };
  port.on('data', (bytes: Uint8Array) => line.onData(bytes));
  port.on('close', gone);
  port.on('error', gone);
  return line;
}

/** Waits for a promise, but no longer than `ms`. */
async function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([promise, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}

/** The binding has no error codes, only each system's words. */
function openFailure(path: string, message: string): string {
  if (/no such file|file not found|no such device/i.test(message)) return `no port ${path}`;
  if (/lock|busy|temporarily unavailable/i.test(message)) return `port ${path} is in use by another program`;
  if (/permission|not permitted/i.test(message)) {
    const hint = process.platform === 'linux' ? ' (it belongs to the group that ls -l shows)' : '';
    return `no right to open ${path}${hint}`;
  }
  // Windows gives the same words to a port in use and to one that is forbidden.
  if (/access denied/i.test(message)) return `port ${path} is in use or forbidden`;
  if (/inappropriate ioctl|not a serial|invalid argument|is a directory/i.test(message)) {
    return `${path} is no serial port`;
  }
  return `port ${path} cannot be opened: ${message.replace(/^Error:? */, '')}`;
}
