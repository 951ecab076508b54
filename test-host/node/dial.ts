// Opening a connection: a pcb, bound where that is asked for, and the SYN on its way.

import { ERR_OK } from '../../firmware/stack/core/err.js';
import { IP_ADDR_ANY, IP_ADDR_LOOPBACK, ipaddrAton } from '../../firmware/stack/core/ipaddr.js';
import { tcpBind, tcpNew } from '../../firmware/stack/tcp/tcp.js';
import type { ConnectOptions } from './arguments.js';
import { Connection, type ConnectionOwner } from './connection.js';
import type { StackContext } from './context.js';
import { codeOfCall, systemError } from './errors.js';
import { ownAddress } from './own-address.js';

/**
 * @param address of the peer; 0.0.0.0 is this host, as with the kernel
 * @param family 4; a stack has no other
 * @returns the connection, whose owner is told of the rest; or why there is none
 */
export function openConnection(
  ctx: StackContext,
  address: string,
  family: number,
  options: ConnectOptions,
  owner: ConnectionOwner,
): Connection | NodeJS.ErrnoException {
  const place = { address, port: options.port };
  if (family !== 4) return systemError('connect', 'EAFNOSUPPORT', place);
  const { localAddress, localPort = 0 } = options;
  const own = ownAddress(ctx, localAddress);
  return ctx.enter((stack) => {
    const pcb = tcpNew(stack);
    if (!pcb) return systemError('connect', 'ENOBUFS', place);
    const connection = new Connection(ctx, pcb, false);
    const refused = (syscall: string, code: string): NodeJS.ErrnoException => {
      connection.close();
      if (syscall === 'connect') return systemError(syscall, code, place);
      return systemError(syscall, code, { address: localAddress ?? '0.0.0.0', port: localPort });
    };
    if (own === null) return refused('bind', 'EADDRNOTAVAIL');
    if (own !== IP_ADDR_ANY || localPort) {
      const err = tcpBind(pcb, own, localPort);
      if (err !== ERR_OK) return refused('bind', codeOfCall(err));
    }
    connection.attach(owner);
    const ip = ipaddrAton(address);
    const err = connection.connect(ip === IP_ADDR_ANY ? IP_ADDR_LOOPBACK : ip, options.port);
    return err === ERR_OK ? connection : refused('connect', codeOfCall(err));
  });
}
