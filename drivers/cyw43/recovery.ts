// The regular look: the next step of a start, and of a running chip what tells that it has stopped working. A start's steps
// are boot.ts's.

import { readBackplane, readRegister, readStatus, writeRegister } from './bus.js';
import { controlCancel, controlOverdue, controlSend } from './control.js';
import { MODE_FAILED, MODE_RUNNING, MODE_STARTING, type Cyw43 } from './device.js';
import { FAULT_NO_CODE } from './fault.js';
import { CHECK_INTERVAL, CREDIT_LIMIT, HEALTH_EVERY, RETRY } from './opt.js';
import {
  COMMAND_ERROR,
  DATA_ERROR,
  F1_OVERFLOW,
  F2_FIFO_OVERFLOW,
  F2_FIFO_UNDERFLOW,
  F2_RX_READY,
  FIRMWARE_HALTED,
  INTERRUPT,
  SDIO_TO_HOST_MAILBOX_DATA,
  TEST,
  TEST_PATTERN,
} from './registers.js';
import { wifiDown, wifiTick } from './wifi.js';

const BUS_ERRORS = F2_FIFO_UNDERFLOW | F2_FIFO_OVERFLOW | COMMAND_ERROR | DATA_ERROR | F1_OVERFLOW;

/** Looks after the chip, when `dev.nextCheck` is over. */
export function check(dev: Cyw43, now: number): void {
  if (dev.mode !== MODE_RUNNING) {
    let wait = 0;
    if (dev.start) wait = dev.start.step(dev, now);
    else {
      // This may take longer than a step has to wait: the first one comes with a new `now`.
      dev.start = dev.config.start();
      if (!dev.start) wait = startFailed(dev, FAULT_NO_CODE);
    }
    dev.nextCheck = (now + wait) | 0;
    return;
  }
  dev.nextCheck = (now + CHECK_INTERVAL) | 0;
  const reason = dev.counters;
  if (controlOverdue(dev, now)) {
    reason.controlTimeout++;
    return again(dev, now);
  }
  if (isStarved(dev, now)) {
    reason.creditStarved++;
    return again(dev, now);
  }
  if (--dev.untilHealth <= 0) {
    dev.untilHealth = HEALTH_EVERY;
    // Twice: a single wrong answer is no reason to lose a connection.
    if (readRegister(dev, TEST) !== TEST_PATTERN && readRegister(dev, TEST) !== TEST_PATTERN) {
      reason.noAnswer++;
      return again(dev, now);
    }
    if (readBackplane(dev, SDIO_TO_HOST_MAILBOX_DATA, 4) & FIRMWARE_HALTED) {
      reason.firmwareTrap++;
      return again(dev, now);
    }
    const errors = readRegister(dev, INTERRUPT) & BUS_ERRORS;
    if (errors) {
      reason.busError++;
      writeRegister(dev, INTERRUPT, errors);
    }
  }
  controlSend(dev);
  wifiTick(dev, now);
}

/** Takes the chip's power away and begins anew. The stack is told that the link is down. */
export function restart(dev: Cyw43, now: number): void {
  dev.counters.start++;
  dev.mode = MODE_STARTING;
  dev.step = dev.looks = dev.status = 0;
  dev.nextCheck = now;
  startOver(dev);
  wifiDown(dev);
  controlCancel(dev);
}

/** Lets go of what only a start needs. */
export function startOver(dev: Cyw43): void {
  if (dev.start) dev.start.image.close();
  dev.image = dev.start = null;
}

/**
 * A start that cannot be: the power is taken away.
 * @returns milliseconds until it is tried again
 */
export function startFailed(dev: Cyw43, fault: number): number {
  dev.fault = fault;
  dev.mode = MODE_FAILED;
  startOver(dev);
  dev.config.gpio.digitalWrite(dev.config.power, 0);
  dev.step = dev.looks = 0;
  controlCancel(dev);
  if (dev.onStarted) dev.onStarted();
  return RETRY;
}

function again(dev: Cyw43, now: number): void {
  dev.counters.restart++;
  restart(dev, now);
}

/** Whether something has waited too long for the chip to take packets. */
function isStarved(dev: Cyw43, now: number): boolean {
  if (!dev.starved || (!dev.flowStopped && dev.credit !== dev.txSequence && readStatus(dev) & F2_RX_READY)) {
    dev.starved = false;
    dev.starvedSince = now;
  }
  return ((now - dev.starvedSince) | 0) > CREDIT_LIMIT;
}
