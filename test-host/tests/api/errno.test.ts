import assert from 'node:assert/strict';
import { EIO, EINVAL, ENOMEM, errToErrno } from '../../../firmware/api/errno.js';
import { ERR_ARG, ERR_MEM, ERR_OK } from '../../../firmware/stack/core/err.js';

describe('errToErrno', () => {
  it('gives 0 for success, the errno of each code, and EIO for what is none', () => {
    assert.deepEqual([ERR_OK, ERR_MEM, ERR_ARG, -99].map(errToErrno), [0, ENOMEM, EINVAL, EIO]);
  });
});
