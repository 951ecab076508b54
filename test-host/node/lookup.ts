// dns.lookup() by the stack's own resolver.

import type { LookupAddress, LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { ERR_INPROGRESS, ERR_MEM, ERR_OK, ERR_VAL } from '../../firmware/stack/core/err.js';
import { ipaddrNtoa, type IpAddr } from '../../firmware/stack/core/ipaddr.js';
import { dnsGethostbyname } from '../../firmware/stack/dns/dns.js';
import type { StackContext } from './context.js';
import { lookupError } from './errors.js';

export type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

export interface Lookup {
  (hostname: string, callback: LookupCallback): void;
  (hostname: string, options: LookupOptions, callback: LookupCallback): void;
}

/**
 * @returns a function as dns.lookup(): ENOTFOUND when the name has no IPv4 address or no server answered, EAI_AGAIN
 *   when no server is set, EAI_MEMORY when the resolver has no room
 */
export function stackLookup(ctx: StackContext): Lookup {
  return (hostname: string, options: LookupOptions | LookupCallback, callback?: LookupCallback): void => {
    const wants: LookupOptions = typeof options === 'function' ? {} : options;
    const done = (typeof options === 'function' ? options : callback) as LookupCallback;
    const fail = (code: string): void => done(lookupError(code, hostname), wants.all ? [] : '');
    const succeed = (address: string): void => {
      if (wants.all) done(null, [{ address, family: 4 }]);
      else done(null, address, 4);
    };
    if (wants.family === 6 || wants.family === 'IPv6' || isIP(hostname) === 6) {
      return ctx.later(() => fail('ENOTFOUND'));
    }
    const found = (_name: string, addr: IpAddr | null): void =>
      ctx.later(() => (addr === null ? fail('ENOTFOUND') : succeed(ipaddrNtoa(addr))));
    const out: { addr: IpAddr } = { addr: 0 };
    const err = ctx.enter((stack) => dnsGethostbyname(stack, hostname, out, found, null));
    if (err === ERR_INPROGRESS) return;
    ctx.later(() => {
      if (err === ERR_OK) succeed(ipaddrNtoa(out.addr));
      else fail(err === ERR_VAL ? 'EAI_AGAIN' : err === ERR_MEM ? 'EAI_MEMORY' : 'ENOTFOUND');
    });
  };
}
