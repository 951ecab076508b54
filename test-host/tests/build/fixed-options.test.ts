// Options that an app fixes stand in its bundle as literals; wrong ones stop the build in one line.

import assert from 'node:assert/strict';
import { appOptions, buildApp } from '../../../tools/build/bundle.js';
import { fixedOptions } from '../../../tools/build/fixed-options.js';

describe('build: fixed options', () => {
  it('takes the defaults and the app’s own values', () => {
    const o = fixedOptions({ TCP_WND: 2920 });
    assert.equal(o.TCP_WND, 2920);
    assert.equal(o.TCP_MSS, 1460);
  });

  it('names what is unknown or does not fit', () => {
    assert.throws(() => fixedOptions({ TCP_WMD: 1 } as never), /^Error: no such option: TCP_WMD$/);
    assert.throws(() => fixedOptions({ TCP_WND: 100 }), /TCP_WND must be at least TCP_MSS/);
  });

  it('has an app on another board say only what is otherwise', () => {
    const { budget, features, options, ...rest } = appOptions('http-server');
    assert.ok(budget && options);
    assert.deepEqual(appOptions('wifi-http-server'), {
      ...rest,
      program: 'http-server',
      board: 'wifi',
      budget: 61440,
      features: { ...features, PBUF_LINK_ENCAPSULATION_HLEN: 26 },
      options,
    });
    assert.equal(appOptions('wifi-bench').budget, undefined, 'a budget is the app’s own');
  });

  it('leaves no table of options in the bundle', async () => {
    const { options, ...rest } = appOptions('echo-raw');
    assert.ok(options, 'echo-raw fixes its options');
    const fixed = await buildApp('echo-raw', { readable: true });
    assert.equal(fixed.code.includes('MEMP_NUM_TCP_SEG'), false);
    const free = await buildApp('echo-raw', { ...rest, options: undefined, readable: true });
    assert.ok(free.code.includes('MEMP_NUM_TCP_SEG'), 'without it the table is there');
  }).timeout(120000);
});
