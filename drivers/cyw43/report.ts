// What the device has come to, in words, for people at a prompt.

import type { Netif } from '../../firmware/stack/core/netif.js';
import { MODE_RUNNING, MODE_STARTING, type Cyw43 } from './device.js';
import { cyw43FaultText } from './fault.js';
import { cyw43LinkState } from './link.js';
import { cyw43LinkText, cyw43WifiFaultText } from './text.js';

/** @returns the state of chip and link, and behind them `name count` for each of Cyw43Counters that is not zero */
export function cyw43Report(netif: Netif): string[] {
  const dev = netif.state as Cyw43;
  const wifi = dev.wifi;
  const c = dev.counters;
  const names =
    'start restart noAnswer firmwareTrap creditStarved controlTimeout busError rxBad rxNoBuffer interruptMissed ' +
    'txNoLink txLength txBusy txNoCredit events eventBad controlRefused';
  const counts = [
    c.start,
    c.restart,
    c.noAnswer,
    c.firmwareTrap,
    c.creditStarved,
    c.controlTimeout,
    c.busError,
    c.rxBad,
    c.rxNoBuffer,
    c.interruptMissed,
    c.txNoLink,
    c.txLength,
    c.txBusy,
    c.txNoCredit,
    c.events,
    c.eventBad,
    c.controlRefused,
  ];
  const chip =
    dev.mode === MODE_RUNNING
      ? 'started in ' + dev.startTime + ' ms, firmware loaded in ' + dev.downloadTime
      : dev.fault
        ? cyw43FaultText(dev.fault)
        : dev.mode === MODE_STARTING
          ? 'starting'
          : 'off';
  const lines = ['CYW43439: ' + chip, 'network: ' + cyw43LinkText(cyw43LinkState(netif))];
  if (wifi.fault) lines.push(cyw43WifiFaultText(wifi.fault) + ' (' + wifi.faultStatus + ')');
  const words = names.split(' ');
  for (let i = 0; i < words.length; i++) if (counts[i]) lines.push(words[i]! + ' ' + counts[i]!);
  return lines;
}
