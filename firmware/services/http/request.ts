// What an HTTP/1.1 request head says (RFC 9112). Reads text, decides nothing about connections.

export interface HttpRequest {
  method: string;
  /** Path without the query. */
  path: string;
  /** What follows the '?', or ''. */
  query: string;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1 and later 1.x. */
  minor: number;
  /** Lower-case field names; repeated fields joined by ', ' (RFC 9110, 5.2). */
  headers: { [name: string]: string };
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
  const lines = head.split('\r\n');
  const start = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^ ]+) HTTP\/([0-9])\.([0-9])$/.exec(lines[0]!);
  if (!start) return 400;
  if (start[3] !== '1') return 505;
  const minor = start[4] === '0' ? 0 : 1;
  const headers: { [name: string]: string } = {};
  for (let i = 1; i < lines.length; i++) {
    // RFC 9112, 5.1: no white space before the colon; 5.2: a folded line is refused.
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/.exec(lines[i]!);
    if (!field) return 400;
    const name = '_' + field[1]!.toLowerCase();
    const value = field[2]!.replace(/[ \t]+$/, '');
    // RFC 9112, 3.2: exactly one Host.
    if (name === '_host' && headers[name] !== undefined) return 400;
    headers[name] = headers[name] === undefined ? value : headers[name] + ', ' + value;
  }
  if (minor && headers['_host'] === undefined) return 400;
  // RFC 9112, 6.1: a coding that is not known ends the connection; none is known here.
  if (headers['_transfer-encoding'] !== undefined) return 501;
  const length = headers['_content-length'];
  if (length !== undefined && (length.length > 9 || !/^[0-9]+$/.test(length))) return 400;
  // RFC 9112, 3.2.2: an absolute target's authority stands for Host.
  const target = start[2]!.replace(/^http:\/\/[^/?]*/, '') || '/';
  if (target.charAt(0) !== '/' && target !== '*') return 400;
  const cut = target.indexOf('?');
  const options = ',' + (headers['_connection'] || '').toLowerCase().replace(/[ \t]/g, '') + ',';
  return {
    method: start[1]!,
    path: cut < 0 ? target : target.substring(0, cut),
    query: cut < 0 ? '' : target.substring(cut + 1),
    minor,
    headers,
    contentLength: length === undefined ? 0 : +length,
    keepAlive: minor ? options.indexOf(',close,') < 0 : options.indexOf(',keep-alive,') >= 0,
  };
}

/** The field's value, or '' where it is absent. @param name lower case */
export function requestHeader(request: HttpRequest, name: string): string {
  return request.headers['_' + name] || '';
}
