// The pools that a build has, by its switches: each by the number that the code knows it by, under its own name.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import vm from 'node:vm';
import { ROOT, buildApp, type Features } from '../../../tools/build/bundle.js';

const CORE = ['TCPIP_MSG 102'];
const API = ['NETCONN 103', 'NETBUF 104'];
const GROUP = ['IGMP_GROUP 105'];

const BUILDS: [name: string, features: Features, pools: string[]][] = [
  ['everything', {}, [...CORE, ...API, ...GROUP]],
  ['no sequential API', { LWIP_NETCONN: false, LWIP_SOCKET: false }, [...CORE, ...GROUP]],
  ['NO_SYS', { NO_SYS: true }, GROUP],
  ['NO_SYS without IGMP', { NO_SYS: true, LWIP_IGMP: false }, []],
];

describe('build: pools', function () {
  this.timeout(600_000);
  for (const [name, features, pools] of BUILDS) {
    it(name, async () => {
      const entry = join(ROOT, 'test-host/tests/build/fixtures/pools.ts');
      const { code } = await buildApp('pools', { entry, features });
      const lines: string[] = [];
      vm.runInNewContext(code, { print: (s: string) => lines.push(s) });
      const want = ['PBUF_REF/ROM 100', 'ARP_QUEUE 101', ...pools];
      const count = 9 + want.length;
      assert.equal(lines.shift(), `${count} ${count}`);
      for (const pool of want) assert(lines.includes(pool), `${pool}: ${lines.join(', ')}`);
    });
  }
});
