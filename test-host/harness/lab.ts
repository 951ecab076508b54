// The usual small set-up: a host with one interface, and a station without a stack at the other end of the cable.

import type { StackOptions } from '../../firmware/stack/core/opt.js';
import { Link, type LinkConfig } from '../sim/link.js';
import { Scheduler } from '../sim/scheduler.js';
import { Host, type InterfaceConfig } from './host.js';
import { Peer } from './peer.js';

export const HOST_MAC = '02:00:00:00:00:01';
export const HOST_IP = '10.0.0.1';
export const PEER_MAC = '02:00:00:00:00:02';
export const PEER_IP = '10.0.0.2';

export interface Lab {
  scheduler: Scheduler;
  link: Link;
  host: Host;
  peer: Peer;
  /** Runs `ms` of virtual time. */
  run(ms: number): void;
}

/**
 * A host at 10.0.0.1/24 with 10.0.0.254 as gateway, and a peer at 10.0.0.2.
 * @param options stack options of the host
 * @param config changes to the host's interface
 */
export function lab(
  options: Partial<StackOptions> = {},
  config: Partial<InterfaceConfig> = {},
  link: LinkConfig = {},
): Lab {
  const scheduler = new Scheduler();
  const cable = new Link(scheduler, link);
  const peer = new Peer({ port: cable.b, mac: PEER_MAC, ip: PEER_IP, to: { mac: HOST_MAC, ip: HOST_IP } });
  const host = new Host(scheduler, 1, options);
  host.addInterface({ port: cable.a, mac: HOST_MAC, ip: HOST_IP, gw: '10.0.0.254', ...config });
  const run = (ms: number): void => scheduler.runFor(ms * 1000);
  run(0);
  peer.take();
  return { scheduler, link: cable, host, peer, run };
}
