// dnsmasq in a namespace: DHCP and DNS for the device under test, with no upstream and nothing of the machine's
// own configuration.

import { join } from 'node:path';
import type { NetNamespace } from './namespace.js';
import type { Daemon } from './process.js';

export interface DnsmasqOptions {
  device: string;
  /** The address in the namespace that it serves on. */
  address: string;
  /** First and last address to lease. */
  range: [first: string, last: string];
  /** Folder for the file of leases. */
  folder: string;
  /** Further command-line options. */
  extra?: string[];
}

/** Lease time, seconds: the shortest that dnsmasq gives. */
export const LEASE_TIME = 120;

/** Starts it. Resolves when it serves; its log, with each DHCP message and each question, is the daemon's lines. */
export async function startDnsmasq(space: NetNamespace, o: DnsmasqOptions): Promise<Daemon> {
  const daemon = space.daemon('dnsmasq', [
    '--conf-file=/dev/null',
    '--no-daemon',
    '--user=root',
    '--pid-file=',
    '--log-facility=-',
    '--log-dhcp',
    '--log-queries',
    '--no-hosts',
    '--no-resolv',
    '--no-poll',
    '--no-ping',
    '--bind-interfaces',
    '--except-interface=lo',
    `--interface=${o.device}`,
    `--listen-address=${o.address}`,
    `--dhcp-range=${o.range[0]},${o.range[1]},${LEASE_TIME}`,
    '--dhcp-authoritative',
    `--dhcp-leasefile=${join(o.folder, 'leases')}`,
    '--domain=example.test',
    '--local-ttl=60',
    `--host-record=server.example.test,${o.address}`,
    '--host-record=other.example.test,10.77.0.77',
    '--cname=alias.example.test,server.example.test',
    '--local=/example.test/',
    ...(o.extra ?? []),
  ]);
  await daemon.line(/DHCP, sockets bound|DHCP, IP range/);
  await daemon.line(/cleared cache|started, version/);
  return daemon;
}
