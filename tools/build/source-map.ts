// Just enough of source maps (version 3): positions of offsets, and which source each output byte came from.

/** [column, source, source line, source column], all from 0. */
export type Segment = [number, number, number, number];

/** Gives line and column, both from 0, of an offset in `text`. */
export function positions(text: string): (offset: number) => [number, number] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return [low, offset - starts[low]!];
  };
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Decodes `mappings`: for each output line its segments; those without a source have source -1. */
export function decode(mappings: string): Segment[][] {
  let source = 0;
  let line = 0;
  let column = 0;
  return mappings.split(';').map((text) => {
    let at = 0;
    return (text ? text.split(',') : []).map((segment): Segment => {
      const v = vlq(segment);
      at += v[0]!;
      if (v.length < 4) return [at, -1, 0, 0];
      return [at, (source += v[1]!), (line += v[2]!), (column += v[3]!)];
    });
  });
}

function vlq(text: string): number[] {
  const out: number[] = [];
  let value = 0;
  let shift = 0;
  for (const c of text) {
    const digit = DIGITS.indexOf(c);
    value |= (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    out.push(value & 1 ? -(value >>> 1) : value >>> 1);
    value = shift = 0;
  }
  return out;
}

/** Bytes of ASCII output that each source of a map accounts for; '' gets what no source claims. */
export function bytesPerSource(
  code: string,
  map: { mappings: string; sources: string[] },
): Map<string, number> {
  const bytes = new Map<string, number>();
  const lines = code.split('\n');
  decode(map.mappings).forEach((segments, i) => {
    const length = (lines[i]?.length ?? 0) + (i < lines.length - 1 ? 1 : 0);
    let owner = '';
    let from = 0;
    for (const [column, source] of [...segments, [length, -1] as const]) {
      bytes.set(owner, (bytes.get(owner) ?? 0) + column - from);
      from = column;
      owner = source < 0 ? '' : map.sources[source]!;
    }
  });
  return bytes;
}
