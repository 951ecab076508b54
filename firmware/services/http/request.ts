// What an HTTP/1.1 request head says (RFC 9112). Reads text, decides nothing about connections.

export interface HttpRequest {
  method: string;
  /** Path without the query. */
  path: string;
  /** What follows the '?', or ''. */
  query: string;
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
 * @returns the request, or the status line's end that refuses it
 */
export function parseRequest(head: string): HttpRequest | string {
  const bad = '400 Bad Request';
  let cut = head.indexOf('\r\n');
  if (cut < 0) cut = head.length;
  const fields = head.substring(cut);
  // RFC 9112, 3.
  const m = /^([!-~]+) ([!-~]+) HTTP\/(\d)\.(\d)$/.exec(head.substring(0, cut));
  // RFC 9112, 2.2: no CR or LF alone; RFC 9110, 5.5: nor other controls but tab. RFC 9112, 5.1: a field name, and no
  // white space before the colon; 5.2: a folded line is refused.
  if (
    !m ||
    /[\0-\b\v\f\x0e-\x1f\x7f]|\r([^\n]|$)|[^\r]\n|\r\n([!#-'*+.^-z|~\dA-Z-]*([^!#-'*+.^-z|~\dA-Z:-]|$)|:)/.test(
      fields,
    )
  ) {
    return bad;
  }
  if (m[3] !== '1') return '505 HTTP Version Not Supported';
  const minor = +m[4]!;
  const low = fields.toLowerCase();
  const host = field(low, low, 'host');
  const length = field(low, low, 'content-length');
  // RFC 9112, 3.2: one Host, and a valid one. 6.3: lengths that contradict each other are refused; here, all repeated ones.
  if (host === null ? minor : /[\s,/?#@]/.test(host)) return bad;
  if (length !== null && !/^\d+$/.test(length)) return bad;
  if (+length! > 1e9) return '413 Content Too Large';
  // RFC 9112, 6.1: a transfer coding that is not known is refused; none is known here.
  if (field(low, low, 'transfer-encoding') !== null) return '501 Not Implemented';
  const options = (',' + field(low, low, 'connection') + ',').replace(/\s/g, '');
  // RFC 9112, 3.2.2: the target may be absolute; its authority then stands for Host.
  const target = m[2]!.replace(/^http:\/\/[^/?]*/i, '');
  cut = target.indexOf('?');
  return {
    method: m[1]!,
    path: (cut < 0 ? target : target.substring(0, cut)) || '/',
    query: cut < 0 ? '' : target.substring(cut + 1),
    fields,
    contentLength: +length!,
    // RFC 9112, 9.3: close counts before keep-alive.
    keepAlive: options.indexOf(',close,') < 0 && (minor > 0 || options.indexOf(',keep-alive,') >= 0),
  };
}

/**
 * Looks a field up (RFC 9110, 5.1: names have no case).
 * @param low the field lines in lower case
 * @returns its value; values of repeated lines joined by commas (RFC 9110, 5.3); null where it is absent
 */
function field(fields: string, low: string, name: string): string | null {
  const key = '\r\n' + name + ':';
  let value: string | null = null;
  for (let at = low.indexOf(key); at >= 0; at = low.indexOf(key, at)) {
    at += key.length;
    const end = low.indexOf('\r\n', at);
    const one = fields.substring(at, end < 0 ? low.length : end).trim();
    value = value === null ? one : value + ',' + one;
  }
  return value;
}

/** The field's value, or '' where it is absent. @param name lower case */
export function requestHeader(request: HttpRequest, name: string): string {
  return field(request.fields, request.fields.toLowerCase(), name) || '';
}
