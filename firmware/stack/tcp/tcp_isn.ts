// Initial sequence numbers (RFC 6528) and ephemeral ports (RFC 6056).
//   ISN = M + F(localip, localport, remoteip, remoteport, secretkey)
// with M a clock of 4 µs steps and F HalfSipHash-2-4 under a key drawn when the stack is made.

import { isIp6, type IpAddr } from '../core/ipaddr.js';
import type { Stack } from '../core/stack.js';

/** RFC 6335, 6: dynamic ports are 49152 to 65535. */
const EPHEMERAL_FIRST = 49152;

/** RFC 6528, 3. @returns 32 bits */
export function tcpIsn(
  stack: Stack,
  localIp: IpAddr,
  localPort: number,
  remoteIp: IpAddr,
  remotePort: number,
): number {
  const words = [(localPort << 16) | remotePort];
  addWords(words, localIp);
  addWords(words, remoteIp);
  // The clock has milliseconds; 250 steps of 4 µs each.
  return ((stack.clock() * 250) | 0) + halfSipHash(stack.tcp.secret, words);
}

/** A random port to begin the search at (RFC 6056, 3.3.1). */
export function tcpRandomPort(stack: Stack): number {
  return EPHEMERAL_FIRST + (stack.random16() & (0xffff - EPHEMERAL_FIRST));
}

/** The port to try after `port`. */
export function tcpNextPort(port: number): number {
  return port < 0xffff ? port + 1 : EPHEMERAL_FIRST;
}

function addWords(words: number[], a: IpAddr): void {
  if (isIp6(a)) for (let i = 0; i < 4; i++) words.push(a.words[i]! | 0);
  else words.push((a as number) | 0);
}

function rotl(v: number, n: number): number {
  return (v << n) | (v >>> (32 - n));
}

/**
 * HalfSipHash-2-4 with a 32-bit result over whole little-endian words (Aumasson, Bernstein: SipHash, and its
 * 32-bit variant).
 * @param key two words
 */
export function halfSipHash(key: number[], words: number[]): number {
  const n = words.length;
  let v0 = key[0]!;
  let v1 = key[1]!;
  let v2 = v0 ^ 0x6c796765;
  let v3 = v1 ^ 0x74656462;
  // After the words comes one that holds their length in bytes; then the finish, with twice as many rounds.
  for (let i = 0; i <= n + 1; i++) {
    const m = i < n ? words[i]! : i === n ? (n * 4) << 24 : 0;
    if (i > n) v2 ^= 0xff;
    v3 ^= m;
    for (let rounds = i > n ? 4 : 2; rounds; rounds--) {
      v0 = (v0 + v1) | 0;
      v1 = rotl(v1, 5) ^ v0;
      v0 = rotl(v0, 16);
      v2 = (v2 + v3) | 0;
      v3 = rotl(v3, 8) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = rotl(v3, 7) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = rotl(v1, 13) ^ v2;
      v2 = rotl(v2, 16);
    }
    v0 ^= m;
  }
  return v1 ^ v3;
}
