// The `lightwire` command line: options and help. What a sub-command does is in the file of its name.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { defaultApp } from './board-chip.js';
import { ROOT } from './bundle-file.js';
import type { Cyw43FirmwareOptions } from './cyw43-firmware.js';
import type { EmulateOptions } from './emulate.js';
import type { FlashOptions } from './flash.js';
import {
  boardChip,
  boardName,
  lineCount,
  pin,
  pinOrNone,
  portNumber,
  probability,
  seconds,
  security,
  seed,
  spiBus,
  waitSeconds,
} from './options.js';
import type { SimulateOptions } from './simulate.js';
import { UserError } from './user-error.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

/** Builds an app into dist/; what is not one is left to readBundle() to refuse. */
async function build(app: string): Promise<void> {
  const { appNames, buildApp, writeApp } = await import('../build/bundle.js');
  if (!appNames().includes(app)) return;
  try {
    writeApp(await buildApp(app));
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}

/** The options of a board that is not real: what it is on the network by. */
function withBoard(command: Command): Command {
  return command
    .option('--board <chip>', 'enc28j60: a Pico with that module; cyw43: a Pico W', boardChip, 'enc28j60')
    .option('--ssid <name>', "the wireless network's name (default: lightwire)")
    .option('--pass <text>', 'its passphrase (default: none, an open network)')
    .option(
      '--security <kind>',
      'open, wpa, wpa2, wpa2-wpa, wpa3 or wpa3-wpa2 (default: wpa2 with --pass)',
      security,
    )
    .option('--join-ssid <name>', 'what the program tries to join (default: --ssid)')
    .option('--join-pass <text>', 'by which passphrase (default: --pass)')
    .option('--no-cyw43-firmware', "leave the radio's firmware out of the board's flash");
}

const program = new Command('lightwire')
  .description('A TCP/IP stack in TypeScript for microcontrollers that run JavaScript')
  .version(version)
  .showSuggestionAfterError(false)
  .helpCommand(false);

withBoard(program.command('simulate'))
  .description('boot the simulated Pico with its serial console in this terminal')
  .showSuggestionAfterError(false)
  .version(version)
  .option(
    '--app <name|file>',
    'the app of dist/, or a bundle file, that runs on the board (default: http-server, or wifi-http-server)',
  )
  .option('--build', 'build the app before')
  .option('--program <file>', 'your own Kaluma program, to run behind the app')
  .option(
    '--http-port <port>',
    'port on 127.0.0.1 that leads to port 80 of the board (default: 8080, or the next free)',
    portNumber,
  )
  .option('--tap <name>', 'join a Linux TAP device instead of the built-in gateway')
  .option('--pcap <file>', 'capture the wire of the board in pcapng format')
  .option(
    '--loss <p>',
    'lose this share of the frames each way: 0 to 1, or a percentage such as 5%',
    probability,
    0,
  )
  .option('--seconds <n>', 'stop after so many seconds', seconds)
  .option('--seed <n>', 'seed of everything random', seed, 1)
  .option('--quiet', 'leave out the serial console, print the address only')
  .action(async (options: SimulateOptions) => {
    if (options.tap !== undefined && options.httpPort !== undefined) {
      throw new UserError('--http-port is for the gateway; with --tap the board has an address of its own');
    }
    if (options.build) await build(options.app ?? defaultApp(options.board));
    const { simulate } = await import('./simulate.js');
    await simulate(options);
  });

program
  .command('flash')
  .description('put a program on a board: over its serial port, or as a UF2 file to drop on its drive')
  .showSuggestionAfterError(false)
  .argument('[app]', 'an app of dist/, or a bundle file')
  .option('--program <file>', 'your own Kaluma program, to run behind the app')
  .option('--port <port>', 'the serial port of a board that runs Kaluma')
  .option('--uf2 <file>', 'write a UF2 file that carries the program only')
  .option('--with-firmware <file>', "put Kaluma's UF2 for the board into the file too")
  .option('--cyw43-firmware <file>', "put an image for a Pico W's radio into the file too")
  .option(
    '--board <name>',
    'pico, pico-w, pico2 or pico2-w (default: what the board says; pico for --uf2)',
    boardName,
  )
  .option('--no-verify', 'do not read the program back from the board')
  .option('--erase', 'erase the program on the board')
  .option('--force', 'take a program whose estimated heap is too large for the board')
  .option('--lines <n>', "lines of the program's first output to print", lineCount, 10)
  .option('--listen <seconds>', 'how long to wait for them', waitSeconds, 3)
  .action(async (app: string | undefined, options: FlashOptions) => {
    const { flash } = await import('./flash.js');
    await flash(app, options);
  });

program
  .command('cyw43-firmware')
  .description("store the firmware of a Pico W's radio on a board, from the files that its makers publish")
  .showSuggestionAfterError(false)
  .argument('[files...]', 'firmware, CLM blob and NVRAM: C headers or binaries, or an image made before')
  .option('--nvram <file>', 'the NVRAM, C header or text')
  .option('--clm <file>', 'the CLM blob, if the firmware file does not hold it')
  .option('--port <port>', 'store it on the file system of a board that runs Kaluma')
  .option('--uf2 <file>', 'write a UF2 file that puts it into raw flash')
  .option('--image <file>', 'write it as it is stored')
  .option('--check <image>', 'check an image, or a dump that begins with one')
  .action(async (files: string[], options: Cyw43FirmwareOptions) => {
    const { cyw43Firmware } = await import('./cyw43-firmware.js');
    await cyw43Firmware(files, options);
  });

program
  .command('ports')
  .description('list the serial ports; those that look like a board with Kaluma are marked')
  .showSuggestionAfterError(false)
  .action(async () => {
    const { printPorts } = await import('./print-ports.js');
    await printPorts();
  });

program
  .command('repl')
  .description("talk to a board's prompt; Ctrl-] or Ctrl-X leaves")
  .showSuggestionAfterError(false)
  .option('--port <port>', 'its serial port (default: the only one that looks like a board with Kaluma)')
  .action(async (options: { port?: string }) => {
    const { repl } = await import('./repl.js');
    await repl(options.port);
  });

withBoard(program.command('emulate'))
  .description("run Kaluma's own firmware on an emulated RP2040, with its serial console in this terminal")
  .showSuggestionAfterError(false)
  .version(version)
  .option('--firmware <file>', 'kaluma-rp2-pico-1.2.1.uf2, or a raw image of it')
  .option('--flash-image <file>', 'keep the flash in this file between runs; made when missing')
  .option(
    '--app <name|file>',
    'the app of dist/, or a bundle file, to put into flash (default: as of simulate; none with --flash-image)',
  )
  .option('--program <file>', 'your own Kaluma program, to run behind the app')
  .option('--bus <n>', 'SPI bus of the ENC28J60', spiBus, 0)
  .option('--cs <pin>', 'its chip select', pin, 17)
  .option('--int <pin>', 'its interrupt', pin, 20)
  .option('--rst <pin>', "its reset, or 'none'", pinOrNone, 21)
  .option(
    '--http-port <port>',
    'port on 127.0.0.1 that leads to port 80 of the board (default: 8080, or the next free)',
    portNumber,
  )
  .option('--tap <name>', 'join a Linux TAP device instead of the built-in gateway')
  .option('--offline', 'no real network: DHCP and DNS in device time, as fast as possible')
  .option('--pcap <file>', 'capture the wire of the board in pcapng format')
  .option(
    '--loss <p>',
    'lose this share of the frames each way: 0 to 1, or a percentage such as 5%',
    probability,
    0,
  )
  .option('--pty', 'serial console on a pseudo-terminal, for other programs')
  .option('--seconds <n>', 'stop after so many seconds of device time', seconds)
  .option('--json <file>', 'write what the run measured')
  .option('--seed <n>', 'seed of everything random', seed, 1)
  .option('--quiet', 'leave out the serial console, print the address only')
  .action(async (options: EmulateOptions, command: Command) => {
    const wired = ['bus', 'cs', 'int', 'rst'].find((name) => command.getOptionValueSource(name) === 'cli');
    if (options.board === 'cyw43' && wired !== undefined) {
      throw new UserError(`--${wired} is for --board enc28j60`);
    }
    if (options.httpPort !== undefined && (options.tap !== undefined || options.offline)) {
      throw new UserError('--http-port is for the gateway, which --tap and --offline take the place of');
    }
    if (options.tap !== undefined && options.offline) {
      throw new UserError('--tap and --offline exclude each other');
    }
    const { emulate } = await import('./emulate.js');
    await emulate(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`lightwire: ${error.message}`);
  process.exitCode = 1;
}
