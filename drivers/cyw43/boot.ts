// How the chip is started: power, bus, clocks, the stored image (image.ts), and then the radio (setup.ts). Step by step, so
// that the event loop turns meanwhile; each step says when the next may come. When and why it is started is recovery.ts's;
// nothing else calls in here, so that a build can keep this code out of memory but for a start.

import { readBackplane, readRegister, readStatus, swapHalves, writeBackplane, writeRegister } from './bus.js';
import { controlCancel } from './control.js';
import { MODE_RUNNING, MODE_STARTING, type Cyw43 } from './device.js';
import {
  FAULT_BUS,
  FAULT_CLOCK,
  FAULT_CORE,
  FAULT_FIRMWARE,
  FAULT_NO_ANSWER,
  FAULT_NONE,
  FAULT_SETTING,
} from './fault.js';
import { F1_DELAY, POWER_OFF, POWER_ON, READY_LOOKS, RETRY, TEST_LOOKS } from './opt.js';
import { MORE, openImage, sendClm, sendImage } from './image.js';
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
import { startFailed, startOver } from './recovery.js';
import { wifiUp } from './setup.js';

/** @returns ms until the next look, and FAULT after too many */
function again(dev: Cyw43, limit: number, ms: number, fault: number): number {
  return ++dev.looks > limit ? startFailed(dev, fault) : ms;
}

/**
 * The next step of the start.
 * @returns milliseconds until the one after it
 */
export function cyw43BootStep(dev: Cyw43, now: number): number {
  const gpio = dev.config.gpio;
  let fault: number;
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
      if (!inReset(dev, ARM_WRAPPER) || !inReset(dev, SOCSRAM_WRAPPER)) return startFailed(dev, FAULT_CORE);
      startCore(dev, SOCSRAM_WRAPPER);
      return next(dev, 1);
    case 4:
      runCore(dev, SOCSRAM_WRAPPER);
      // The fourth bank is RAM like the others.
      writeBackplane(dev, SOCSRAM_BANKX_INDEX, 4, 3);
      writeBackplane(dev, SOCSRAM_BANKX_PDA, 4, 0);
      dev.downloadTime = now;
      fault = openImage(dev);
      return fault ? startFailed(dev, fault) : next(dev, 0);
    case 5:
      fault = sendImage(dev);
      if (fault) return fault === MORE ? 0 : startFailed(dev, fault);
      dev.window = -1;
      dev.downloadTime = now - dev.downloadTime;
      startCore(dev, ARM_WRAPPER);
      return next(dev, 1);
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
      sendClm(dev, 0, clmSent);
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
  if (readRegister(dev, TEST) !== TEST_PATTERN) return startFailed(dev, FAULT_BUS);
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

/** The firmware runs: the bus stays awake, and what came up at the start is cleared away. */
function keepAwake(dev: Cyw43): void {
  writeRegister(dev, WAKEUP_CTRL, readRegister(dev, WAKEUP_CTRL) | WAKE_TILL_HT_AVAIL);
  writeRegister(dev, CHIP_CLOCK_CSR, FORCE_HT);
  writeRegister(dev, SLEEP_CSR, readRegister(dev, SLEEP_CSR) | KEEP_AWAKE);
  writeRegister(dev, PULL_UP, 0);
  writeRegister(dev, INTERRUPT, DATA_UNAVAILABLE);
}

function clmSent(dev: Cyw43, fault: number): void {
  if (fault) settled(dev, fault);
  else wifiUp(dev, radioSet);
}

function radioSet(dev: Cyw43, step: number): void {
  settled(dev, step ? FAULT_SETTING : FAULT_NONE);
}

/** The start is over. */
function settled(dev: Cyw43, fault: number): void {
  startOver(dev);
  const now = dev.clock.millis();
  dev.startTime = now - dev.startTime;
  dev.fault = fault;
  if (fault) dev.nextCheck = now + startFailed(dev, fault);
  else if (dev.onStarted) dev.onStarted();
}
