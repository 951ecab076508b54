// Commands and iovars: what they answer, in which state they are taken, and what is counted as misuse.

import assert from 'node:assert/strict';
import { standInClm } from '../../chips/cyw43/stand-in.js';
import { MAC, Rig, ethernet, join, le, mac, ssidField } from './rig.js';

function text(data: Uint8Array): string {
  return Buffer.from(data.subarray(0, data.indexOf(0))).toString('latin1');
}

function number(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getInt32(0, true);
}

describe('cyw43 model: commands', () => {
  it('replies come later, in order, with id, flags and as many bytes as there is room for', () => {
    const r = new Rig().boot();
    const ids = [r.post(true, 86, le(1)), r.post(false, 85, new Uint8Array(9)), r.post(false, 9999, le(0))];
    assert.equal(r.replies.size, 0);
    r.run(10);
    assert.deepEqual([...r.replies.keys()], ids);
    const [set, get, unknown] = ids.map((id) => r.replies.get(id)!);
    assert.deepEqual(set, { status: 0, flags: 2, data: new Uint8Array(0) });
    assert.deepEqual(get, { status: 0, flags: 0, data: Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 0]) });
    assert.equal(unknown!.status, -23);
    assert.equal(unknown!.flags, 1);
    assert.equal(r.fw.counters.unknownCommands.get(9999), 1);
  });

  it('numbers are set and read back', () => {
    const r = new Rig().on();
    for (const [get, set, value] of [
      [19, 20, 0],
      [21, 22, 3],
      [63, 64, 3],
      [77, 78, 2],
      [85, 86, 2],
      [109, 110, 2],
      [133, 134, 6],
      [141, 142, 2],
      [164, 165, 0x40080],
    ] as const) {
      assert.equal(r.set(set, value), 0);
      assert.equal(number(r.command(false, get, new Uint8Array(4)).data), value, String(get));
    }
    for (const [name, value] of [
      ['bus:txglom', 0],
      ['ampdu_ba_wsize', 8],
      ['ampdu_mpdu', 4],
      ['ampdu_rx_factor', 0],
      ['mfp', 2],
      ['assoc_listen', 20],
      ['roam_off', 1],
      ['bcn_li_bcn', 2],
      ['bcn_li_dtim', 1],
      ['pm2_sleep_ret', 500],
      ['allmulti', 1],
      ['2g_mrate', 11],
      ['sae_max_pwe_loop', 10],
      ['wsec', 4],
      ['wpa_auth', 0x80],
    ] as const) {
      assert.equal(r.setVar(name, value), 0, name);
      assert.equal(number(r.getVar(name).data), value, name);
    }
    assert.equal(r.setVar('bsscfg:sup_wpa2_eapver', le(0, -1)), 0);
    assert.equal(number(r.getVar('bsscfg:sup_wpa2_eapver', 40, le(0)).data), -1);
    assert.equal(r.fw.misuse.summary(), '');
  });

  it('interfaces have settings of their own', () => {
    const r = new Rig().on();
    r.set(134, 4, 0);
    r.set(134, 6, 1);
    r.setVar('mfp', 2, 1);
    assert.equal(number(r.getVar('mfp').data), 0);
    assert.equal(number(r.command(false, 133, new Uint8Array(4), 0).data), 4);
    assert.equal(number(r.getVar('bsscfg:wsec', 20, le(1)).data), 6);
    assert.equal(
      number(r.getVar('bsscfg:wsec', 20, le(0x4c420001)).data),
      6,
      'of the index, the lower half counts',
    );
  });

  it('versions, address, country', () => {
    const r = new Rig().on('DE');
    assert.match(text(r.getVar('ver').data), /version 7\.95\.49 /);
    assert.match(text(r.getVar('clmver').data), /^API: /);
    assert.equal(r.getVar('ver', 8).status, -14);
    assert.equal(r.fw.misuse.counts.answerTooLong, 1);
    assert.deepEqual([...r.getVar('cur_etheraddr').data.slice(0, 6)], mac(MAC));
    assert.equal(r.setVar('cur_etheraddr', Uint8Array.from(mac('02:00:00:00:00:07'))), 0);
    assert.deepEqual([...r.getVar('cur_etheraddr').data.slice(0, 6)], mac('02:00:00:00:00:07'));
    assert.equal(r.setVar('cur_etheraddr', Uint8Array.from(mac('01:00:00:00:00:07'))), -21);
    assert.equal(text(r.getVar('country').data), 'DE');
    assert.equal(r.setVar('country', join('d!\0\0', le(-1), 'd!\0\0')), -2);
  });

  it('another address than the chip’s own is used in the air', () => {
    const r = new Rig().on();
    const { ap } = r.network({ ssid: 'demo' });
    r.setVar('cur_etheraddr', Uint8Array.from(mac('02:00:00:00:00:07')));
    r.credentials(null);
    r.joinSsid('demo');
    assert.deepEqual([...ap.members.keys()], ['02:00:00:00:00:07']);
  });

  it('CLM in pieces of any size; what is wrong with one is told', () => {
    for (const piece of [64, 512, 984, 1024]) {
      const r = new Rig().boot();
      assert.equal(r.loadClm(standInClm(), piece), 0);
      assert.equal(number(r.getVar('clmload_status').data), 0);
      assert.equal(r.fw.misuse.summary(), '');
    }
    const damaged = standInClm();
    damaged[500]! ^= 1;
    const r = new Rig().boot();
    assert.equal(number(r.getVar('clmload_status').data), 2);
    assert.equal(r.loadClm(damaged), -2);
    assert.equal(number(r.getVar('clmload_status').data), 1);
    assert.equal(r.fw.misuse.summary(), '');
    assert.equal(r.setVar('clmload', join([0, 0x10, 2, 0], le(4, 0), 'BLOB')), -2, 'no begin');
    assert.equal(r.setVar('clmload', join([2, 0x10, 2, 0], le(40, 0), 'BLOB')), -2, 'length');
    assert.equal(r.setVar('clmload', join([2, 0, 2, 0], le(4, 0), 'BLOB')), -2, 'flags');
    assert.equal(r.fw.misuse.counts.clmOrder, 3);
    assert.equal(r.command(true, 2).status, -25);
    assert.equal(r.setVar('country', join('DE\0\0', le(-1), 'DE\0\0')), -25);
    assert.equal(r.fw.misuse.counts.beforeClm, 2);
    assert.equal(r.loadClm(), 0, 'another try');
    assert.equal(r.command(true, 2).status, 0);
  });

  it('before WLC_UP and after WLC_DOWN', () => {
    const r = new Rig().boot();
    r.loadClm();
    const refused = (): number[] => [
      r.joinIovar('x'),
      r.command(true, 26, ssidField('x')).status,
      r.command(true, 52).status,
      r.setVar('escan', r.escanRequest()),
    ];
    assert.deepEqual(refused(), [-4, -4, -4, -4]);
    assert.equal(r.fw.misuse.counts.commandBeforeUp, 4);
    r.command(true, 2);
    assert.deepEqual(refused(), [0, 0, 0, 0]);
    r.command(true, 3);
    assert.deepEqual(refused(), [-4, -4, -4, -4]);
    r.command(true, 2);
    assert.equal(r.setVar('apsta', 1), -5);
    assert.equal(r.fw.misuse.counts.commandWhileUp, 1);
  });

  it('LED and other pins of the chip', () => {
    const r = new Rig().boot();
    const changes: [number, number][] = [];
    r.fw.gpio.onOutput = (pin, level) => changes.push([pin, level]);
    r.setVar('gpioout', le(1, 1));
    r.setVar('gpioout', le(2, 3));
    r.setVar('gpioout', le(1, 0));
    assert.deepEqual(changes, [
      [0, 1],
      [1, 1],
      [0, 0],
    ]);
    assert.equal(number(r.getVar('gpioout').data), 2);
    r.fw.gpio.setInput(2, 1);
    assert.equal(number(r.getVar('ccgpioin').data), 4);
    assert.equal(r.setVar('gpioout', le(1)), -14);
  });

  it('the event mask lets through what it names', () => {
    const r = new Rig().on();
    r.network({ ssid: 'demo' });
    r.credentials(null);
    const mask = new Uint8Array(19);
    mask[2]! |= 1; // LINK
    assert.equal(r.setVar('bsscfg:event_msgs', join(le(0), mask)), 0);
    r.joinSsid('demo');
    assert.deepEqual(r.take(), ['LINK 0,0 up']);
    assert.deepEqual([...r.getVar('bsscfg:event_msgs', 40, le(0)).data.slice(0, 3)], [0, 0, 1]);
  });

  it('an event as it stands in its frame', () => {
    const r = new Rig();
    let frame = new Uint8Array(0);
    r.event = (bytes): void => {
      if (bytes[31] === 16) frame = Uint8Array.from(bytes);
    };
    r.on();
    r.air.add({ ssid: 'demo', bssid: '02:11:22:33:44:55' });
    r.credentials(null);
    r.joinSsid('demo');
    assert.deepEqual([...frame.slice(0, 6)], mac(MAC));
    assert.deepEqual([...frame.slice(12, 14)], [0x88, 0x6c]);
    assert.deepEqual([...frame.slice(19, 24)], [0x00, 0x10, 0x18, 0x00, 0x01]);
    assert.deepEqual([...frame.slice(24, 48)], [0, 2, 0, 1, 0, 0, 0, 16, ...new Array<number>(16).fill(0)]);
    assert.deepEqual([...frame.slice(48, 54)], mac('02:11:22:33:44:55'));
    assert.equal(text(frame.slice(54)), 'wl0');
    assert.equal(frame.length, 72);
  });

  describe('misuse', () => {
    const cases: [string, (r: Rig) => void][] = [
      ['commandTooShort', (r) => assert.equal(r.command(true, 86, new Uint8Array(3)).status, -14)],
      ['commandTooShort', (r) => assert.equal(r.command(true, 26, new Uint8Array(35)).status, -14)],
      [
        'commandTooShort',
        (r) => assert.equal(r.command(true, 268, join([9, 0, 1, 0], 'abcdefgh')).status, -2),
      ],
      ['answerTooLong', (r) => assert.equal(r.command(false, 85, new Uint8Array(3)).status, -14)],
      ['iovarNameOpen', (r) => assert.equal(r.command(true, 263, join('country')).status, -2)],
      ['iovarLength', (r) => assert.equal(r.setVar('mfp', new Uint8Array(3)), -14)],
      ['iovarLength', (r) => assert.equal(r.setVar('bsscfg:wsec', le(0)), -14)],
      ['iovarLength', (r) => assert.equal(r.setVar('mcast_list', join(le(2), new Uint8Array(6))), -29)],
      ['iovarLength', (r) => assert.equal(r.setVar('escan', r.escanRequest().slice(0, 71)), -2)],
      ['iovarLength', (r) => assert.equal(r.setVar('sae_password', join([9, 0], 'abcdefgh')), -2)],
      ['unknownInterface', (r) => assert.equal(r.set(86, 0, 2), -2)],
      ['unknownInterface', (r) => assert.equal(r.setVar('bsscfg:wsec', le(2, 0)), -2)],
      ['unknownInterface', (r) => r.fw.frame(2, ethernet(MAC, MAC))],
      ['valueOutOfRange', (r) => assert.equal(r.set(86, 3), -29)],
      ['valueOutOfRange', (r) => assert.equal(r.setVar('mfp', 3), -29)],
      ['valueOutOfRange', (r) => assert.equal(r.setPmk('short'), -2)],
      [
        'valueOutOfRange',
        (r) => assert.equal(r.command(true, 26, join(le(33), new Uint8Array(32))).status, -18),
      ],
      ['frameLength', (r) => r.fw.frame(0, new Uint8Array(13))],
      ['frameLength', (r) => r.fw.frame(0, new Uint8Array(1519))],
      [
        'joinWithoutCredentials',
        (r) => {
          r.set(134, 4);
          r.set(165, 0x80);
          r.setVar('bsscfg:sup_wpa', le(0, 1));
          assert.equal(r.joinSsid('demo', 0), 0);
        },
      ],
      [
        'joinWithoutSupplicant',
        (r) => {
          r.credentials('correct horse');
          r.setVar('bsscfg:sup_wpa', le(0, 0));
          assert.equal(r.joinSsid('demo', 0), 0);
        },
      ],
      [
        'saeWithoutProtection',
        (r) => {
          r.saeCredentials('correct horse');
          r.setVar('mfp', 0);
          assert.equal(r.joinSsid('demo', 0), 0);
        },
      ],
    ];
    cases.forEach(([kind, act], i) => {
      it(`${kind} (${i + 1})`, () => {
        const r = new Rig().on();
        act(r);
        r.run(10);
        assert.equal(r.fw.misuse.summary(), `${kind} 1`);
      });
    });

    it('a frame with another source address', () => {
      const r = new Rig().on();
      r.network({ ssid: 'demo' });
      r.credentials(null);
      r.joinSsid('demo');
      r.fw.frame(0, ethernet('02:00:00:00:00:02', '02:00:00:00:00:09'));
      assert.equal(r.fw.misuse.summary(), 'foreignSource 1');
    });

    it('an unknown iovar is no misuse, but counted by its name', () => {
      const r = new Rig().on();
      assert.equal(r.setVar('tlv', 0), -23);
      assert.equal(r.getVar('tlv').status, -23);
      assert.equal(r.getVar('clmload').status, -23);
      assert.equal(r.fw.counters.unknownIovars.get('tlv'), 2);
      assert.equal(r.fw.misuse.total, 0);
    });

    it('can be made an exception', () => {
      const r = new Rig({ strict: true }).on();
      assert.throws(() => r.set(86, 3), /does not take: PM 3/);
    });
  });
});
