// `lightwire cyw43-firmware`: makes the image for a Pico W's radio from the files that its makers publish, and puts it
// where it is wanted: onto a board's file system, into a UF2 file, or into a file as it is.

import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { buildImage, IMAGE_FILE, ImageError, isImage, RAW_OFFSET } from '../cyw43/image.js';
import { readFile, sortFiles, type InputFile, type Parts } from '../cyw43/input.js';
import { reason } from './bundle-file.js';
import { checked, placedImage, readInput } from './cyw43-image-file.js';
import { LAYOUTS } from './flash-layout.js';
import { showProgress } from './progress.js';
import { Conversation, LineClosed } from './serial/conversation.js';
import { FileBoard } from './serial/file-board.js';
import { ProgramBoard } from './serial/program-board.js';
import { openSerial } from './serial/serial-line.js';
import { dataUf2 } from './uf2-image.js';
import { UserError } from './user-error.js';

export interface Cyw43FirmwareOptions {
  nvram?: string;
  clm?: string;
  port?: string;
  uf2?: string;
  image?: string;
  check?: string;
}

/** The image's name on the board until it is whole. */
const PART_FILE = '/cyw43.new';
/** Product number in the NVRAM of a Pico W. */
const PRODUCT = '0x0727';

/**
 * @param files to be sorted out by what they hold
 * @throws UserError for what the user can mend
 */
export async function cyw43Firmware(files: string[], options: Cyw43FirmwareOptions): Promise<void> {
  const { port, uf2, image: file, check } = options;
  if (check !== undefined) {
    if ((files.length || port) ?? uf2 ?? file ?? options.nvram ?? options.clm) {
      throw new UserError('--check takes the image only');
    }
    console.log(`${summary(readInput(check), basename(check))}; nothing is wrong with it`);
    return;
  }
  const image = imageOf(files, options);
  if (port === undefined && uf2 === undefined && file === undefined) {
    throw new UserError(
      'say where to: --port PORT for a board, --uf2 FILE for a file to drop, or --image FILE',
    );
  }
  console.log(summary(image, 'the image'));
  if (file !== undefined) {
    write(file, image);
    console.log(`${file}: the image, ${image.length} bytes`);
  }
  if (uf2 !== undefined) {
    const bytes = dataUf2([placedImage(image, LAYOUTS.pico)], LAYOUTS.pico);
    write(uf2, bytes);
    console.log(`${uf2}: the image for raw flash at 0x${RAW_OFFSET.toString(16)}, ${bytes.length} bytes`);
  }
  if (port !== undefined) await overSerial(image, port);
}

/** @throws UserError when something is missing, double, or wrong */
function imageOf(paths: string[], options: Cyw43FirmwareOptions): Uint8Array {
  const files = paths.map(input);
  if (
    files.length === 1 &&
    isImage(files[0]!.bytes) &&
    options.nvram === undefined &&
    options.clm === undefined
  ) {
    const [{ bytes, name }] = files as [InputFile];
    return bytes.subarray(0, checked(bytes, name).length);
  }
  const parts = sortFiles(files);
  const { nvram, clm } = {
    nvram: named(options.nvram, 'nvram', parts),
    clm: named(options.clm, 'clm', parts),
  };
  if (!parts.firmware)
    throw new UserError('name the firmware: the combined C header, or a binary such as 43439A0.bin');
  if (!clm) throw new UserError('the CLM blob is missing: name its file, or take the combined one');
  if (!nvram) throw new UserError('the NVRAM is missing: name its file, such as wifi_nvram_43439.h');
  const product = nvram.entries.get('prodid');
  if (product !== undefined && product !== PRODUCT) {
    console.log(`note: the NVRAM is for a product ${product}; that of a Pico W is ${PRODUCT}`);
  }
  const { bytes, trailer } = parts.firmware;
  try {
    return buildImage({ firmware: bytes, nvram: nvram.bytes, clm, version: trailer.version });
  } catch (error) {
    if (error instanceof ImageError) throw new UserError(error.message);
    throw error;
  }
}

/** What an option's file holds, or else what the other files held. @throws UserError when both do, or the file does not */
function named<K extends 'nvram' | 'clm'>(path: string | undefined, kind: K, parts: Parts): Parts[K] {
  if (path === undefined) return parts[kind];
  if (parts[kind]) throw new UserError(`--${kind} names what the other files hold already`);
  const file = input(path);
  const found = readFile(file);
  if (!found[kind]) throw new UserError(`${file.name} is not what --${kind} takes`);
  return found[kind];
}

function input(path: string): InputFile {
  return { name: basename(path), bytes: readInput(path) };
}

function summary(image: Uint8Array, name: string): string {
  const { version, firmware, clm, nvram, length } = checked(image, name);
  return (
    `CYW43439 firmware ${version}: ${firmware.length} bytes, CLM ${clm.length}, NVRAM ${nvram.length}; ` +
    `as an image ${length}`
  );
}

function write(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw new UserError(`${path} cannot be written: ${reason(error)}`);
  }
}

async function overSerial(image: Uint8Array, port: string): Promise<void> {
  const serial = await openSerial(port);
  try {
    const line = new Conversation(serial);
    const board = new ProgramBoard(line, port);
    const { layout, version } = await board.identify();
    console.log(`${layout.board} with Kaluma ${version} on ${port}`);
    if (layout.board.endsWith('-w')) {
      console.log(
        `note: this Kaluma keeps the radio for itself; the driver needs its build for ${layout.board.slice(0, -2)}`,
      );
    }
    await board.stopProgram();
    await store(image, new FileBoard(line, port, layout));
    await board.load();
  } catch (error) {
    if (error instanceof LineClosed) throw new UserError(`${port} went away`);
    throw error;
  } finally {
    await serial.close();
  }
}

async function store(image: Uint8Array, board: FileBoard): Promise<void> {
  await board.begin();
  try {
    if (await board.eraseRawImage()) console.log('removed the image in raw flash, which would come first');
    if (await board.holds(IMAGE_FILE, image)) {
      console.log(`${IMAGE_FILE} on the board is this image already`);
      return;
    }
    const progress = showProgress(image.length);
    try {
      await board.store(IMAGE_FILE, PART_FILE, image, progress.update);
    } finally {
      progress.end();
    }
    console.log(`stored as ${IMAGE_FILE} and verified`);
  } finally {
    await board.end();
  }
}
