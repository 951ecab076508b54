// Request heads by RFC 9112 and RFC 9110: what is understood, what is refused and how, and that nothing throws.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bytesToText, textToBytes } from '../../../firmware/services/text.js';
import { parseRequest, requestHeader, type HttpRequest } from '../../../firmware/services/http/request.js';

function good(...lines: string[]): HttpRequest {
  const r = parseRequest(lines.join('\r\n'));
  if (typeof r === 'string') assert.fail(`${JSON.stringify(lines)} was refused: ${r}`);
  return r;
}

function refused(code: number, ...lines: string[]): void {
  const r = parseRequest(lines.join('\r\n'));
  assert.equal(typeof r === 'string' ? parseInt(r, 10) : r, code, JSON.stringify(lines));
}

const HOST = 'Host: pico';

describe('http: request heads', () => {
  it('reads the request line', () => {
    const r = good('GET /a/b?c=d?e HTTP/1.1', HOST);
    assert.equal(r.method, 'GET');
    assert.equal(r.path, '/a/b');
    assert.equal(r.query, 'c=d?e');
    assert.equal(r.contentLength, 0);
  });

  it('refuses what is no request line', () => {
    for (const line of [
      '',
      'GET',
      'GET /',
      'GET  / HTTP/1.1',
      'GET / / HTTP/1.1',
      ' GET / HTTP/1.1',
      'GET / HTTP/1.1 ',
      'GET / HTTP/1',
      'GET / http/1.1',
      'GET / HTTP/1.10',
      'GET\t/\tHTTP/1.1',
      'GET /\u00e4 HTTP/1.1',
      'GET / HTTP/1.1\nHost: pico',
    ]) {
      refused(400, line, HOST);
    }
  });

  it('refuses other major versions with 505, takes later minor ones', () => {
    refused(505, 'GET / HTTP/2.0', HOST);
    refused(505, 'GET / HTTP/0.9', HOST);
    assert.equal(good('GET / HTTP/1.2', HOST).keepAlive, true);
  });

  it('takes absolute targets, whose path may be empty', () => {
    assert.equal(good('GET http://pico:80/x?y HTTP/1.1', HOST).path, '/x');
    assert.equal(good('GET HTTP://pico HTTP/1.1', HOST).path, '/');
    const r = good('GET http://pico?a=b HTTP/1.1', HOST);
    assert.equal(r.path, '/');
    assert.equal(r.query, 'a=b');
    assert.equal(good('OPTIONS * HTTP/1.1', HOST).path, '*');
  });

  // RFC 9112, 3.2.
  it('wants exactly one valid Host from HTTP/1.1', () => {
    refused(400, 'GET / HTTP/1.1');
    refused(400, 'GET / HTTP/1.1', 'Accept: */*');
    refused(400, 'GET / HTTP/1.1', HOST, HOST);
    refused(400, 'GET / HTTP/1.1', 'Host: a b');
    refused(400, 'GET / HTTP/1.1', 'Host: user@pico');
    refused(400, 'GET / HTTP/1.1', 'Host: pico/x');
    good('GET / HTTP/1.1', 'Host:');
    good('GET / HTTP/1.1', 'hOST:pico:8080');
    good('GET / HTTP/1.1', 'Host: [2001:db8::1]:80');
    good('GET / HTTP/1.0');
    refused(400, 'GET / HTTP/1.0', HOST, 'Host: other');
  });

  // RFC 9112, 5.1, 5.2, 2.2; RFC 9110, 5.5, 5.6.2.
  it('refuses field lines that are none', () => {
    for (const line of [
      'Accept : x',
      ' Accept: x',
      '\tfolded',
      ': x',
      ':',
      'Accept',
      'Acc ept: x',
      'Accept(: x',
      '"Accept": x',
      'Accept\u00e4: x',
      'A: b\rc',
      'A: b\nC: d',
      'A: b\r',
      'A: b\0c',
      'A: \x7f',
      'A: b\vc',
      '\nA: b',
    ]) {
      refused(400, 'GET / HTTP/1.1', HOST, line);
      refused(400, 'GET / HTTP/1.1', line, HOST);
    }
    good('GET / HTTP/1.1', HOST, '!#$%&\'*+-.^_`|~09azAZ: x\ty \u00e4:,"');
    good('GET / HTTP/1.1', HOST, 'Empty:');
  });

  it('does not take the rest of a name, or a value, for a field', () => {
    const r = good('GET / HTTP/1.1', HOST, 'X-Content-Length: 5', 'A: Content-Length: 6', 'Content-Lengt: 7');
    assert.equal(r.contentLength, 0);
  });

  // RFC 9112, 6.3.
  it('reads the content length, refuses what is none', () => {
    assert.equal(good('POST / HTTP/1.1', HOST, 'content-LENGTH:\t 42 ').contentLength, 42);
    assert.equal(good('POST / HTTP/1.1', HOST, 'Content-Length: 0').contentLength, 0);
    assert.equal(good('POST / HTTP/1.1', HOST, 'Content-Length: 00012').contentLength, 12);
    for (const value of ['', '-1', '+1', '1.0', '0x10', '1e3', '1 2', '5, 5', 'many']) {
      refused(400, 'POST / HTTP/1.1', HOST, 'Content-Length: ' + value);
    }
    refused(400, 'POST / HTTP/1.1', HOST, 'Content-Length: 5', 'Content-Length: 6');
    refused(400, 'POST / HTTP/1.1', HOST, 'Content-Length: 5', 'Content-Length: 5');
    refused(413, 'POST / HTTP/1.1', HOST, 'Content-Length: 99999999999999999999');
  });

  // RFC 9112, 6.1: also beside a length, where request smuggling begins.
  it('refuses transfer codings with 501', () => {
    refused(501, 'POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked');
    refused(501, 'POST / HTTP/1.1', HOST, 'Content-Length: 5', 'transfer-encoding: identity');
    refused(501, 'POST / HTTP/1.0', 'Transfer-Encoding:');
  });

  // RFC 9112, 9.3.
  it('knows whether the connection stays', () => {
    assert.equal(good('GET / HTTP/1.1', HOST).keepAlive, true);
    assert.equal(good('GET / HTTP/1.1', HOST, 'Connection: close').keepAlive, false);
    assert.equal(good('GET / HTTP/1.1', HOST, 'Connection: Upgrade ,\tCLOSE').keepAlive, false);
    assert.equal(good('GET / HTTP/1.1', HOST, 'Connection: x', 'Connection: close').keepAlive, false);
    assert.equal(good('GET / HTTP/1.1', HOST, 'Connection: closed').keepAlive, true);
    assert.equal(good('GET / HTTP/1.0').keepAlive, false);
    assert.equal(good('GET / HTTP/1.0', 'Connection: Keep-Alive').keepAlive, true);
    assert.equal(good('GET / HTTP/1.0', 'Connection: keep-alive, close').keepAlive, false);
  });

  it('gives fields by name', () => {
    const r = good('GET / HTTP/1.1', HOST, 'Accept:  Text/*  ', 'ACCEPT: b');
    assert.equal(requestHeader(r, 'accept'), 'Text/*,b');
    assert.equal(requestHeader(r, 'host'), 'pico');
    assert.equal(requestHeader(r, 'range'), '');
  });

  it('never throws, and answers each text with a request or a status', () => {
    const token = fc.constantFrom(
      'Host',
      'Content-Length',
      'Connection',
      'Transfer-Encoding',
      'X',
      '',
      ' ',
      ':',
    );
    const value = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.constantFrom('close', 'chunked', 'a, b', '\r', '\n'),
    );
    const line = fc.oneof(
      fc.string(),
      fc.tuple(token, fc.constantFrom(':', ': ', ' :'), value).map((x) => x.join('')),
    );
    const first = fc.oneof(fc.string(), fc.constantFrom('GET / HTTP/1.1', 'HEAD http://a?b HTTP/1.0'));
    const head = fc.tuple(first, fc.array(line, { maxLength: 6 })).map(([f, l]) => [f, ...l].join('\r\n'));
    fc.assert(
      fc.property(fc.oneof(head, fc.string({ unit: 'binary' })), (text) => {
        const r = parseRequest(text);
        if (typeof r === 'string') assert.match(r, /^(400|413|501|505) [A-Z]/);
        else {
          assert(r.method && r.path);
          assert(r.contentLength >= 0 && r.contentLength <= 1e9);
          assert.equal(text.split('\r\n').length - 1, r.fields.split('\r\n').length - 1);
        }
      }),
      { seed: 1, numRuns: 3000 },
    );
  });
});

describe('services: text and bytes', () => {
  it('are each other, for all lengths around a piece', () => {
    for (const n of [0, 1, 127, 128, 129, 256, 300]) {
      const text = Array.from({ length: n }, (_, i) => String.fromCharCode(32 + (i % 90))).join('');
      const bytes = textToBytes(text);
      assert.equal(bytes.length, n);
      const inside = new Uint8Array(n + 7);
      inside.set(bytes, 3);
      assert.equal(bytesToText(inside, 3, n), text);
    }
    assert.equal(bytesToText(new Uint8Array([0, 127, 128, 255]), 0, 4), '\0\x7f\x80\xff');
  });

  it('need no TextEncoder', () => {
    const had = globalThis.TextEncoder;
    assert.deepEqual([...textToBytes('aé')], [97, 0xc3, 0xa9]);
    try {
      Reflect.deleteProperty(globalThis, 'TextEncoder');
      assert.deepEqual([...textToBytes('aé€\x7f')], [97, 63, 63, 127]);
    } finally {
      globalThis.TextEncoder = had;
    }
  });
});
