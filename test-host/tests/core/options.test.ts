// Options and their checks, addresses as text, names of errors and counters.

import assert from 'node:assert/strict';
import { errName } from '../../../firmware/stack/core/err.js';
import {
  ip4Addr,
  ip4MaskValid,
  ip4NetEq,
  ipaddrAton,
  ipaddrNtoa,
  ipAddrIsMulticast,
} from '../../../firmware/stack/core/ipaddr.js';
import { mempInit, mempNames } from '../../../firmware/stack/core/memp.js';
import { netifSetAddr } from '../../../firmware/stack/core/netif.js';
import { checkOptions, defaultOptions, type StackOptions } from '../../../firmware/stack/core/opt.js';
import { STAT_COUNT, statFields, statGroups } from '../../../firmware/stack/core/stats.js';
import { createStack } from '../../../firmware/stack/init.js';
import { ip } from '../../harness/host.js';
import { HOST_IP, lab } from '../../harness/lab.js';

const env = { clock: () => 0, random16: () => 0 };

describe('options', () => {
  it('have defaults that fit together', () => {
    assert.deepEqual(checkOptions(defaultOptions()), []);
  });

  it('that do not fit are named, all of them', () => {
    const bad: [Partial<StackOptions>, RegExp][] = [
      [{ PBUF_POOL_SIZE: 0 }, /PBUF_POOL_SIZE must be at least 2/],
      [{ MEM_SIZE: 100 }, /MEM_SIZE must hold/],
      [{ ARP_TABLE_SIZE: 0 }, /ARP_TABLE_SIZE/],
      [{ ARP_MAXAGE: 10 }, /ARP_MAXAGE/],
      [{ IP_DEFAULT_TTL: 256 }, /IP_DEFAULT_TTL/],
      [{ IP_REASS_MAX_PBUFS: 12 }, /IP_REASS_MAX_PBUFS/],
      [{ MEMP_NUM_SYS_TIMEOUT: 2 }, /MEMP_NUM_SYS_TIMEOUT/],
      [{ TCP_MSS: 1461 }, /TCP_MSS/],
      [{ TCP_WND: 65536 }, /TCP_WND/],
      [{ TCP_SND_BUF: 100 }, /TCP_SND_BUF/],
      [{ MEMP_NUM_TCP_SEG: 1.5 }, /whole number/],
      [{ TCP_MAXRTX: -1 }, /whole number/],
    ];
    for (const [options, message] of bad) {
      assert.match(checkOptions({ ...defaultOptions(), ...options }).join('; '), message);
      assert.throws(() => createStack(env, options), message);
    }
    assert.throws(
      () => createStack(env, { TCP_WINDOW: 1, MEM_SIZE: 3 } as never),
      /TCP_WINDOW is no option; MEM_SIZE must hold/,
    );
  });

  it('of one stack leave others alone', () => {
    const a = createStack(env, { TCP_WND: 2920 });
    const b = createStack(env);
    assert.equal(a.opt.TCP_WND, 2920);
    assert.equal(b.opt.TCP_WND, 5840);
  });
});

describe('addresses', () => {
  it('are read in dotted decimal only', () => {
    assert.equal(ipaddrAton('10.0.0.1'), 0x0a000001);
    assert.equal(ipaddrAton('255.255.255.255'), 0xffffffff);
    for (const text of [
      '',
      '1',
      '1.2.3',
      '1.2.3.4.5',
      '256.0.0.1',
      '01.2.3.4',
      '1.2.3.x',
      '1..2.3',
      ' 1.2.3.4',
      '0x1.2.3.4',
      '1.2.3.4444',
    ]) {
      assert.equal(ipaddrAton(text), -1, text);
    }
    for (const text of ['0.0.0.0', '192.168.255.1', '255.255.255.255']) {
      assert.equal(ipaddrNtoa(ipaddrAton(text)), text);
    }
  });

  it('know networks, masks and groups', () => {
    const a = ip4Addr(192, 168, 1, 2);
    assert.equal(a, 0xc0a80102);
    assert(ip4NetEq(a, ip4Addr(192, 168, 1, 77), 0xffffff00));
    assert(!ip4NetEq(a, ip4Addr(192, 168, 2, 2), 0xffffff00));
    for (const mask of [0, 0xffffffff, 0xffffff00, 0x80000000, 0xfffffffe]) assert(ip4MaskValid(mask));
    for (const mask of [1, 0xff00ff00, 0x7fffffff]) assert(!ip4MaskValid(mask));
    assert(ipAddrIsMulticast(0xe0000001) && ipAddrIsMulticast(0xefffffff));
    assert(!ipAddrIsMulticast(0xdfffffff) && !ipAddrIsMulticast(0xf0000000));
  });

  it('with a mask that has holes are refused, and nothing changes', () => {
    const { host } = lab();
    assert.equal(netifSetAddr(host.netif, ip('10.0.0.9'), 0xff00ff00, 0), -16);
    assert.equal(host.netif.ipAddr, ip(HOST_IP));
  });
});

describe('names', () => {
  it('of errors, pools and counters are complete', () => {
    assert.equal(errName(0), 'ERR_OK');
    assert.equal(errName(-16), 'ERR_ARG');
    assert.equal(errName(-99), 'ERR_-99');
    assert.equal(mempNames().length, mempInit(defaultOptions()).length);
    const groups = statGroups();
    const last = groups.length - 1;
    for (let g = 0; g < last; g++) assert.equal(statFields(g).length, 12);
    assert(last * 12 + statFields(last).length <= STAT_COUNT);
  });
});
