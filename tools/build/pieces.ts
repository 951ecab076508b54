// Rewritten text in pieces that remember where they came from, joined into text with a source map.
import { type Segment, positions } from './source-map.js';

/** A run of output text. `exact` text is source text that begins at `at`; other text belongs to `at` as a whole. */
export interface Piece {
  text: string;
  at: number;
  exact: boolean;
}

export interface Joined {
  code: string;
  mappings: Segment[][];
}

/** Text to stand for what is from `start` to `end`. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** @returns `code` with the edits made, in whatever order they are given */
export function edited(code: string, edits: Iterable<Edit>): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { start, end, text } of [...edits].sort((a, b) => a.start - b.start)) {
    pieces.push({ text: code.slice(from, start), at: from, exact: true }, { text, at: start, exact: false });
    from = end;
  }
  pieces.push({ text: code.slice(from), at: from, exact: true });
  return pieces;
}

/** Joins pieces of a rewritten `code`. */
export function join(pieces: Piece[], code: string): Joined {
  const where = positions(code);
  const mappings: Segment[][] = [[]];
  let column = 0;
  let text = '';
  for (const piece of pieces) {
    // A segment at each word of source text, and at the start of each line of made text.
    const starts = piece.exact ? /[A-Za-z_$][\w$]*|^|[^\s\w]/gm : /^/gm;
    const marks = new Set([0, ...[...piece.text.matchAll(starts)].map((m) => m.index)]);
    for (let i = 0; i < piece.text.length; i++) {
      if (marks.has(i)) mappings.at(-1)!.push([column, 0, ...where(piece.exact ? piece.at + i : piece.at)]);
      if (piece.text[i] === '\n') {
        mappings.push([]);
        column = 0;
      } else column++;
    }
    text += piece.text;
  }
  return { code: text, mappings };
}
