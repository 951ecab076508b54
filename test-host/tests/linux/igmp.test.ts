// IGMP against the kernel's bridge, which asks for members and keeps a table of them, and multicast datagrams both ways.

import assert from 'node:assert/strict';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import { PBUF_RAM, PBUF_UDP, pbufAlloc, pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import { RECV, STAT_IGMP } from '../../../firmware/stack/core/stats.js';
import { igmpJoingroupNetif, igmpLeavegroupNetif } from '../../../firmware/stack/igmp/igmp.js';
import { udpBind, udpNew, udpRecv, udpSendto } from '../../../firmware/stack/udp/udp.js';
import { ip, type Host } from '../../harness/host.js';
import { Bench, DEVICE, HOST_IP, KERNEL_IP } from '../../linux/bench.js';
import { within } from '../../linux/process.js';
import { LIMIT, needLinux, wireIsSound } from './setup.js';

const GROUP = '239.77.0.1';
const KERNEL_GROUP = '239.77.0.2';
const PORT = 7077;

describe('linux: IGMP', function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let host: Host;

  before(async function () {
    await needLinux(this, 'bridge');
    bench = await Bench.open('host');
    const { space } = bench;
    // The TAP becomes a port of a bridge that plays the router: it asks every second, and each half-second of last members.
    const bridge =
      'type bridge mcast_snooping 1 mcast_querier 1 mcast_query_interval 100 mcast_query_response_interval 50';
    const last =
      'mcast_startup_query_interval 100 mcast_last_member_interval 50 mcast_last_member_count 1 mcast_igmp_version 2';
    await space.ip('link', 'add', 'br0', ...bridge.split(' '), ...last.split(' '));
    await space.ip('addr', 'flush', 'dev', DEVICE);
    await space.ip('addr', 'add', `${KERNEL_IP}/24`, 'brd', '+', 'dev', 'br0');
    await space.ip('link', 'set', DEVICE, 'master', 'br0');
    await space.ip('link', 'set', 'br0', 'up');
    host = bench.addHost({}, HOST_IP, 1, { macFilter: () => ERR_OK });
  });

  after(() => bench?.close());

  /** Looks at the bridge's table until it has, or has no longer, the group behind our port. */
  async function member(group: string, wanted: boolean): Promise<void> {
    for (;;) {
      const table = (await bench.space.run('bridge', ['mdb', 'show'])).stdout;
      if (new RegExp(`port ${DEVICE} grp ${group.replaceAll('.', '\\.')} `).test(table) === wanted) return;
      await bench.pause(100);
    }
  }

  it('a join is in the table of the bridge', async () => {
    bench.do(host, () => assert.equal(igmpJoingroupNetif(host.netif, ip(GROUP)), ERR_OK));
    await within(member(GROUP, true), 'the membership');
  });

  it('datagrams to the group arrive', async () => {
    bench.do(host, (stack) => {
      const echo = udpNew(stack)!;
      udpBind(echo, 0, PORT);
      udpRecv(
        echo,
        (_arg, pcb, p, addr, port) => {
          udpSendto(pcb, p, addr, port);
          pbufFree(p);
        },
        null,
      );
    });
    const answer = await bench.agent.call('multicastAsk', {
      group: GROUP,
      port: PORT,
      address: KERNEL_IP,
      text: 'anybody?',
    });
    assert.equal(answer, `anybody? from ${HOST_IP}`);
  });

  it('datagrams to a group of the kernel arrive there', async () => {
    await bench.agent.call('multicastEcho', { group: KERNEL_GROUP, port: PORT, address: KERNEL_IP });
    const answer = new Promise<string>((resolve) => {
      bench.do(host, (stack) => {
        const pcb = udpNew(stack)!;
        udpRecv(
          pcb,
          (_arg, _pcb, p) => {
            resolve(Buffer.from(pbufBytes(p)).toString());
            pbufFree(p);
          },
          null,
        );
        const p = pbufAlloc(stack, PBUF_UDP, 5, PBUF_RAM)!;
        p.payload.set(Buffer.from('hello'), p.off);
        assert.equal(udpSendto(pcb, p, ip(KERNEL_GROUP), PORT), ERR_OK);
        pbufFree(p);
      });
    });
    assert.equal(await within(answer, 'the answer'), 'hello');
  });

  it('the membership outlives its queries', async () => {
    const { stats } = host.stack;
    const asked = async (more: number): Promise<void> => {
      for (const from = stats[STAT_IGMP + RECV]!; stats[STAT_IGMP + RECV]! < from + more;)
        await bench.pause(100);
    };
    await within(asked(4), 'the queries');
    await within(member(GROUP, true), 'the membership');
  });

  it('a leave takes it out', async () => {
    bench.do(host, () => assert.equal(igmpLeavegroupNetif(host.netif, ip(GROUP)), ERR_OK));
    await within(member(GROUP, false), 'its end');
  });

  wireIsSound(() => bench, 10, {
    'igmp.type == 0x11': 2,
    'igmp.type == 0x16 && ip.src == 10.77.0.2': 2,
    'igmp.type == 0x17 && ip.src == 10.77.0.2': 1,
  });
});
