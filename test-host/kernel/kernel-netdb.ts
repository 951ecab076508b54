// getaddrinfo() of libc. Called here and now: for names that are numbers, which nobody is asked about.

import koffi from 'koffi';
import type { Addrinfo, AddrinfoHints } from '../../firmware/api/sockets.js';
import { SOCKADDR_SIZE, unpackSockaddr } from './kernel-structs.js';

/** struct addrinfo. */
interface RawAddrinfo {
  flags: number;
  family: number;
  socktype: number;
  protocol: number;
  addr: bigint;
  canonname: string | null;
  next: bigint | null;
}

type Call = (
  node: string | null,
  service: string | null,
  hints: Partial<RawAddrinfo> | null,
  out: bigint[],
) => number;

let bound: { getaddrinfo: Call; freeaddrinfo: (list: bigint) => void } | null = null;

function libc(): NonNullable<typeof bound> {
  if (bound) return bound;
  const lib = koffi.load(null);
  koffi.struct('netdb_addrinfo', {
    flags: 'int',
    family: 'int',
    socktype: 'int',
    protocol: 'int',
    addrlen: 'unsigned int',
    addr: 'void *',
    canonname: 'const char *',
    next: 'void *',
  });
  bound = {
    getaddrinfo: lib.func(
      'int getaddrinfo(const char *node, const char *service, netdb_addrinfo *hints, _Out_ void **out)',
    ),
    freeaddrinfo: lib.func('void freeaddrinfo(void *list)'),
  };
  return bound;
}

/** @returns 0 or an EAI_ code */
export function kernelGetaddrinfo(
  node: string | null,
  service: string | null,
  hints: AddrinfoHints | null,
  out: { res: Addrinfo[] },
): number {
  const { getaddrinfo, freeaddrinfo } = libc();
  const list: bigint[] = [0n];
  const wanted = hints && {
    flags: hints.aiFlags,
    family: hints.aiFamily,
    socktype: hints.aiSocktype,
    protocol: hints.aiProtocol,
    addrlen: 0,
    addr: null as unknown as bigint,
    canonname: null,
    next: null,
  };
  const err = getaddrinfo(node, service, wanted, list);
  out.res = [];
  if (err !== 0) return err;
  for (let p: bigint | null = list[0]!; p;) {
    const a = koffi.decode(p, 'netdb_addrinfo') as RawAddrinfo;
    const aiAddr = { sinFamily: 0, sinPort: 0, sinAddr: 0 };
    unpackSockaddr(Buffer.from(koffi.view(a.addr, SOCKADDR_SIZE)), aiAddr);
    out.res.push({
      aiFlags: a.flags,
      aiFamily: a.family,
      aiSocktype: a.socktype,
      aiProtocol: a.protocol,
      aiAddr,
      aiCanonname: a.canonname,
    });
    p = a.next;
  }
  freeaddrinfo(list[0]!);
  return err;
}
