// Error codes, as lwIP numbers them. Every stack call that can fail returns one of these.

export type Err = number;

export const ERR_OK = 0;
/** Out of memory: a pool or the heap is exhausted; the counters say which. */
export const ERR_MEM = -1;
export const ERR_BUF = -2;
export const ERR_TIMEOUT = -3;
/** No route to the destination, or its interface is down. */
export const ERR_RTE = -4;
/** The operation goes on; its callback tells the end. */
export const ERR_INPROGRESS = -5;
export const ERR_VAL = -6;
export const ERR_WOULDBLOCK = -7;
/** The address or port is taken. */
export const ERR_USE = -8;
export const ERR_ALREADY = -9;
export const ERR_ISCONN = -10;
export const ERR_CONN = -11;
/** The network device failed or is down. */
export const ERR_IF = -12;
/** The connection was aborted locally. */
export const ERR_ABRT = -13;
/** The connection was reset by the peer. */
export const ERR_RST = -14;
/** The connection is closed. */
export const ERR_CLSD = -15;
export const ERR_ARG = -16;

/** The code's name, for logs and the REPL. */
export function errName(err: Err): string {
  return (
    [
      'ERR_OK',
      'ERR_MEM',
      'ERR_BUF',
      'ERR_TIMEOUT',
      'ERR_RTE',
      'ERR_INPROGRESS',
      'ERR_VAL',
      'ERR_WOULDBLOCK',
      'ERR_USE',
      'ERR_ALREADY',
      'ERR_ISCONN',
      'ERR_CONN',
      'ERR_IF',
      'ERR_ABRT',
      'ERR_RST',
      'ERR_CLSD',
      'ERR_ARG',
    ][-err] || 'ERR_' + err
  );
}
