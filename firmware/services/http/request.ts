// What an HTTP/1.1 request head says (RFC 9112). Reads text, decides nothing about connections.

export interface HttpRequest {
  method: string;
  /** Path without the query. */
  path: string;
  /** What follows the '?', or ''. */
  query: string;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1 and later 1.x. */
  minor: number;
  /** The field lines as received, each after a CR LF. */
  fields: string;
  /** Bytes of content that follow the head. */
  contentLength: number;
  /** Whether the connection may serve another request (RFC 9112, 9.3). */
  keepAlive: boolean;
}

/**
 * Reads a request head.
 * @param head all up to, but without, the empty line
 * @returns the request, or the status code that refuses it
 */
export function parseRequest(head: string): HttpRequest | number {
  const eol = head.indexOf('\r\n');
  const fields = eol < 0 ? '' : head.substring(eol);
  const m = /^([!-~]+) ([!-~]+) HTTP\/(\d)\.(\d)$/.exec(eol < 0 ? head : head.substring(0, eol));
  // RFC 9112, 5.1: a field name, and no white space before the colon; 5.2: a folded line is refused.
  if (!m || /\r\n([!#-'*+.^-z|~\d-]*([^!#-'*+.^-z|~\d:-]|$)|:)/i.test(fields)) return 400;
  if (m[3] !== '1') return 505;
  const minor = +m[4]! && 1;
  const host = field(fields, 'host');
  const length = field(fields, 'content-length');
  // RFC 9112, 3.2: exactly one Host; 6.3: lengths that contradict each other are refused, and all repeated ones here.
  if (host === 2 || (minor && host === 1) || length === 2) return 400;
  if (length !== 1 && (length.length > 9 || !/^\d+$/.test(length))) return 400;
  // RFC 9112, 6.1: a transfer coding that is not known is refused; none is known here.
  if (field(fields, 'transfer-encoding') !== 1) return 501;
  const options = (',' + field(fields, 'connection') + ',').replace(/\s/g, '').toLowerCase();
  // RFC 9112, 3.2.2: the target may be absolute; its authority then stands for Host.
  const target = m[2]!.replace(/^http:\/\/[^/?]*/i, '') || '/';
  const cut = target.indexOf('?');
  return {
    method: m[1]!,
    path: cut < 0 ? target : target.substring(0, cut),
    query: cut < 0 ? '' : target.substring(cut + 1),
    minor,
    fields,
    contentLength: length === 1 ? 0 : +length,
    keepAlive: minor ? options.indexOf(',close,') < 0 : options.indexOf(',keep-alive,') >= 0,
  };
}

/**
 * Looks a field up (RFC 9110, 5.1: names have no case).
 * @returns its value; 1 where it is absent, 2 where it is there more than once
 */
function field(fields: string, name: string): string | 1 | 2 {
  const low = fields.toLowerCase();
  const key = '\r\n' + name + ':';
  const at = low.indexOf(key);
  if (at < 0) return 1;
  const from = at + key.length;
  if (low.indexOf(key, from) >= 0) return 2;
  const end = low.indexOf('\r\n', from);
  return fields.substring(from, end < 0 ? fields.length : end).replace(/^\s+|\s+$/g, '');
}

/** The field's value, or '' where it is absent or repeated. @param name lower case */
export function requestHeader(request: HttpRequest, name: string): string {
  const value = field(request.fields, name);
  return typeof value === 'string' ? value : '';
}
