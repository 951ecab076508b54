// What the device has come to, in words, for people at a prompt.

import { MODE_FAILED, MODE_RUNNING, type Enc28j60 } from './device.js';
import { enc28j60FaultText } from './init.js';
import type { Netif } from '../../firmware/stack/core/netif.js';

/** @returns the state of the chip, and behind it `name count` for each of Enc28j60Counters that is not zero */
export function enc28j60Report(netif: Netif): string[] {
  const dev = netif.state as Enc28j60;
  const c = dev.counters;
  const names =
    'rxOverflow rxBad rxNoBuffer rxReset rxChecksum intMissed txNoLink txBusy txLength txLateCollision txRetry ' +
    'txAborted txStuck linkChange restart';
  const counts = [
    c.rxOverflow,
    c.rxBad,
    c.rxNoBuffer,
    c.rxReset,
    c.rxChecksum,
    c.intMissed,
    c.txNoLink,
    c.txBusy,
    c.txLength,
    c.txLateCollision,
    c.txRetry,
    c.txAborted,
    c.txStuck,
    c.linkChange,
    c.restart,
  ];
  const state =
    dev.mode === MODE_RUNNING ? 'running' : dev.mode === MODE_FAILED ? enc28j60FaultText(dev.fault) : 'off';
  const lines = [
    'ENC28J60 revision ' + dev.revision + ', ' + (dev.fullDuplex ? 'full' : 'half') + ' duplex: ' + state,
  ];
  const words = names.split(' ');
  for (let i = 0; i < words.length; i++) if (counts[i]) lines.push(words[i]! + ' ' + counts[i]!);
  return lines;
}
