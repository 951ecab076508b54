// How the chip is started: power, bus, clocks, the firmware into its RAM, the regulatory data (CLM). Step by step, so
// that the event loop turns meanwhile; each step says when the next may come. After it, wifi.ts takes over.

import { readBackplane, readRegister, readStatus, swapHalves, writeBackplane, writeRegister } from './bus.js';
import { CONTROL_TIMEOUT, controlCancel, iovarGet, iovarSet } from './control.js';
import { MODE_FAILED, MODE_RUNNING, MODE_STARTING, type Cyw43 } from './device.js';
import {
  FAULT_BUS,
  FAULT_CLM,
  FAULT_CLOCK,
  FAULT_CORE,
  FAULT_FIRMWARE,
  FAULT_IMAGE_DAMAGED,
  FAULT_NO_ANSWER,
  FAULT_NO_IMAGE,
  FAULT_NONE,
  FAULT_SETTING,
} from './fault.js';
import {
  F1_DELAY,
  PIECE,
  PIECES_PER_TURN,
  POWER_OFF,
  POWER_ON,
  READY_LOOKS,
  RETRY,
  TEST_LOOKS,
} from './opt.js';
import {
  ALP_AVAIL,
  ALP_AVAIL_REQ,
  ARM_WRAPPER,
  BUS_CONTROL,
  CHIP_CLOCK_CSR,
  CLOCK_EN,
  COMMAND_ERROR,
  CORE_RESET,
  DATA_ERROR,
  DATA_UNAVAILABLE,
  F1_OVERFLOW,
  F2_FIFO_OVERFLOW,
  F2_FIFO_UNDERFLOW,
  F2_PACKET_AVAILABLE,
  F2_RX_READY,
  FORCE_GATED_CLOCK,
  FORCE_HT,
  HIGH_SPEED,
  HT_AVAIL,
  INTERRUPT,
  INTERRUPT_ENABLE,
  INTERRUPT_POLARITY_HIGH,
  IOCTRL,
  KEEP_AWAKE,
  MAILBOX_INTERRUPTS,
  PULL_UP,
  READ,
  RESETCTRL,
  RESPONSE_DELAY,
  RESPONSE_DELAY_F1,
  SDIO_INT_HOST_MASK,
  SLEEP_CSR,
  SOCSRAM_BANKX_INDEX,
  SOCSRAM_BANKX_PDA,
  SOCSRAM_WRAPPER,
  STATUS_ENABLE,
  TEST,
  TEST_PATTERN,
  WAKE_TILL_HT_AVAIL,
  WAKE_UP,
  WAKEUP_CTRL,
  WATERMARK,
  WORD_LENGTH_32,
  WRITE,
} from './registers.js';
import { wifiDown, wifiUp } from './wifi.js';

// The image's header: 32-bit words, their indices (docs/cyw43.md). Who opens it has looked whether it is one.
const IMAGE_WORDS = 4;
const IMAGE_SUM = 5;
const IMAGE_CLM_LENGTH = 6;
/** Byte at which the CLM begins; the script follows at PIECE. */
const IMAGE_CLM = 1024;

/** Bytes of CLM in a control, and the flags of its header: handler version 1, begin, end. */
const CLM_CHUNK = 1024;
const CLM_FLAGS = 0x1000;
const CLM_BEGIN = 2;
const CLM_END = 4;

/** Takes the chip's power away and begins anew. The stack is told that the link is down. */
export function restart(dev: Cyw43, now: number): void {
  dev.counters.start++;
  dev.mode = MODE_STARTING;
  dev.step = dev.looks = dev.status = 0;
  dev.nextCheck = now;
  dev.image = null;
  wifiDown(dev);
  controlCancel(dev);
}

/** A start that cannot be: tried again later. */
function fail(dev: Cyw43, fault: number): number {
  dev.fault = fault;
  dev.mode = MODE_FAILED;
  dev.image = null;
  dev.config.gpio.digitalWrite(dev.config.power, 0);
  dev.step = dev.looks = 0;
  controlCancel(dev);
  if (dev.onStarted) dev.onStarted();
  return RETRY;
}

/** @returns ms until the next look, and FAULT after too many */
function again(dev: Cyw43, limit: number, ms: number, fault: number): number {
  return ++dev.looks > limit ? fail(dev, fault) : ms;
}

/**
 * The next step of the start.
 * @returns milliseconds until the one after it
 */
export function bootStep(dev: Cyw43, now: number): number {
  const gpio = dev.config.gpio;
  switch (dev.step) {
    case 0:
      dev.mode = MODE_STARTING;
      dev.startTime = now;
      gpio.output(dev.config.power);
      gpio.digitalWrite(dev.config.power, 0);
      return next(dev, POWER_OFF);
    case 1:
      gpio.digitalWrite(dev.config.power, 1);
      return next(dev, POWER_ON);
    case 2:
      return startBus(dev);
    case 3:
      if (!(readRegister(dev, CHIP_CLOCK_CSR) & ALP_AVAIL)) return again(dev, READY_LOOKS, 1, FAULT_CLOCK);
      writeRegister(dev, CHIP_CLOCK_CSR, 0);
      if (!inReset(dev, ARM_WRAPPER) || !inReset(dev, SOCSRAM_WRAPPER)) return fail(dev, FAULT_CORE);
      startCore(dev, SOCSRAM_WRAPPER);
      return next(dev, 1);
    case 4:
      runCore(dev, SOCSRAM_WRAPPER);
      // The fourth bank is RAM like the others.
      writeBackplane(dev, SOCSRAM_BANKX_INDEX, 4, 3);
      writeBackplane(dev, SOCSRAM_BANKX_PDA, 4, 0);
      dev.downloadTime = now;
      return openImage(dev);
    case 5:
      return download(dev, now);
    case 6:
      runCore(dev, ARM_WRAPPER);
      return next(dev, 1);
    case 7:
      if (!(readRegister(dev, CHIP_CLOCK_CSR) & HT_AVAIL)) return again(dev, READY_LOOKS, 1, FAULT_FIRMWARE);
      writeBackplane(dev, SDIO_INT_HOST_MASK, 4, MAILBOX_INTERRUPTS);
      writeRegister(dev, WATERMARK, 32);
      return next(dev, 0);
    case 8:
      if (!(readStatus(dev) & F2_RX_READY)) return again(dev, READY_LOOKS, 1, FAULT_FIRMWARE);
      keepAwake(dev);
      // Those asked for meanwhile would come before the regulatory data.
      controlCancel(dev);
      dev.mode = MODE_RUNNING;
      dev.txSequence = dev.flowStopped = 0;
      dev.credit = 1;
      dev.starved = false;
      sendClm(dev, 0);
      return next(dev, 0);
    default:
      return RETRY;
  }
}

function next(dev: Cyw43, ms: number): number {
  dev.step++;
  dev.looks = 0;
  return ms;
}

/** Finds the chip, which counts in 16-bit words yet, and sets the bus up. */
function startBus(dev: Cyw43): number {
  const words = dev.readStatus;
  words[0] = (31 << 16) | 31;
  words[1] = swapHalves(READ + TEST);
  dev.put(dev.pio, dev.sm, words);
  if (swapHalves(dev.get(dev.pio, dev.sm)) !== TEST_PATTERN)
    return again(dev, TEST_LOOKS, 10, FAULT_NO_ANSWER);
  // The answer's status word would come in the new order already: none is asked for.
  dev.put(
    dev.pio,
    dev.sm,
    new Uint32Array([
      63 << 16,
      swapHalves(WRITE + BUS_CONTROL),
      swapHalves(
        WORD_LENGTH_32 | HIGH_SPEED | INTERRUPT_POLARITY_HIGH | WAKE_UP | RESPONSE_DELAY | STATUS_ENABLE,
      ),
    ]),
  );
  dev.window = -1;
  if (readRegister(dev, TEST) !== TEST_PATTERN) return fail(dev, FAULT_BUS);
  writeRegister(dev, RESPONSE_DELAY_F1, F1_DELAY);
  writeRegister(dev, INTERRUPT, DATA_UNAVAILABLE | COMMAND_ERROR | DATA_ERROR | F1_OVERFLOW);
  writeRegister(
    dev,
    INTERRUPT_ENABLE,
    F2_FIFO_UNDERFLOW | F2_FIFO_OVERFLOW | COMMAND_ERROR | DATA_ERROR | F2_PACKET_AVAILABLE | F1_OVERFLOW,
  );
  writeRegister(dev, CHIP_CLOCK_CSR, ALP_AVAIL_REQ);
  return next(dev, 1);
}

function inReset(dev: Cyw43, wrapper: number): boolean {
  return (readBackplane(dev, wrapper + RESETCTRL, 1) & CORE_RESET) !== 0;
}

/** Clocks a core, still held by its gate, and ends its reset; a millisecond before runCore(). */
function startCore(dev: Cyw43, wrapper: number): void {
  writeBackplane(dev, wrapper + IOCTRL, 1, FORCE_GATED_CLOCK | CLOCK_EN);
  readBackplane(dev, wrapper + IOCTRL, 1);
  writeBackplane(dev, wrapper + RESETCTRL, 1, 0);
}

function runCore(dev: Cyw43, wrapper: number): void {
  writeBackplane(dev, wrapper + IOCTRL, 1, CLOCK_EN);
  readBackplane(dev, wrapper + IOCTRL, 1);
}

/** Opens the image and reads its header. */
function openImage(dev: Cyw43): number {
  const reader = dev.config.image();
  if (!reader) return fail(dev, FAULT_NO_IMAGE);
  const bytes = new Uint8Array(PIECE);
  const words = new Uint32Array(bytes.buffer);
  reader.read(0, bytes);
  dev.image = {
    reader,
    bytes,
    words,
    at: PIECE,
    end: PIECE + 4 * words[IMAGE_WORDS]!,
    sum: words[IMAGE_SUM]!,
    summed: 0,
    trusted: !dev.config.wordSum,
  };
  return next(dev, 0);
}

/** Sums the image's script; then sends it, which the bus carries out as it is: a wrong word could stop it for good. */
function download(dev: Cyw43, now: number): number {
  const image = dev.image!;
  for (let i = 0; i < PIECES_PER_TURN; i++) {
    const left = image.end - image.at;
    if (left <= 0) {
      if (!image.trusted) {
        if (image.summed !== image.sum) return fail(dev, FAULT_IMAGE_DAMAGED);
        image.trusted = true;
        image.at = PIECE;
        return 0;
      }
      dev.window = -1;
      dev.downloadTime = now - dev.downloadTime;
      startCore(dev, ARM_WRAPPER);
      return next(dev, 1);
    }
    const bytes = left < PIECE ? new Uint8Array(left) : image.bytes;
    const words = left < PIECE ? new Uint32Array(bytes.buffer) : image.words;
    image.reader.read(image.at, bytes);
    image.at += PIECE;
    if (image.trusted) dev.put(dev.pio, dev.sm, words);
    else {
      image.summed += dev.config.wordSum!(words);
      if (image.summed > 0xffffffff) image.summed -= 0xffffffff;
    }
  }
  return 0;
}

/** The firmware runs: the bus stays awake, and what came up at the start is cleared away. */
function keepAwake(dev: Cyw43): void {
  writeRegister(dev, WAKEUP_CTRL, readRegister(dev, WAKEUP_CTRL) | WAKE_TILL_HT_AVAIL);
  writeRegister(dev, CHIP_CLOCK_CSR, FORCE_HT);
  writeRegister(dev, SLEEP_CSR, readRegister(dev, SLEEP_CSR) | KEEP_AWAKE);
  writeRegister(dev, PULL_UP, 0);
  writeRegister(dev, INTERRUPT, DATA_UNAVAILABLE);
}

/** Hands the regulatory data over, a chunk a control; then wifi.ts has the chip. */
function sendClm(dev: Cyw43, at: number): void {
  const image = dev.image!;
  const header = new Uint8Array(PIECE);
  image.reader.read(0, header);
  const length = new Uint32Array(header.buffer)[IMAGE_CLM_LENGTH]!;
  const chunk = length - at > CLM_CHUNK ? CLM_CHUNK : length - at;
  const last = at + chunk >= length;
  const data = new Uint8Array(12 + chunk);
  const flags = CLM_FLAGS | (at ? 0 : CLM_BEGIN) | (last ? CLM_END : 0);
  data[0] = flags;
  data[1] = flags >> 8;
  data[2] = 2;
  data[4] = chunk;
  data[5] = chunk >> 8;
  data.set(header.subarray(IMAGE_CLM + at, IMAGE_CLM + at + chunk), 12);
  iovarSet(dev, 'clmload', data, 0, function (_dev, status) {
    if (status) refused(dev, status);
    else if (!last) sendClm(dev, at + chunk);
    else {
      iovarGet(dev, 'clmload_status', 4, 0, function (_same, failure, bytes, off) {
        if (failure || bytes[off] !== 0) refused(dev, failure);
        else {
          wifiUp(dev, function (_dev, step) {
            settled(dev, step ? FAULT_SETTING : FAULT_NONE);
          });
        }
      });
    }
  });
}

/** The CLM was not taken, unless the chip was given up meanwhile. */
function refused(dev: Cyw43, status: number): void {
  if (status > CONTROL_TIMEOUT) settled(dev, FAULT_CLM);
}

/** The start is over. */
function settled(dev: Cyw43, fault: number): void {
  dev.image = null;
  const now = dev.clock.millis();
  dev.startTime = now - dev.startTime;
  dev.fault = fault;
  if (fault) dev.nextCheck = now + fail(dev, fault);
  else if (dev.onStarted) dev.onStarted();
}
