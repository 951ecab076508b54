// What the build has put into the comment at the head of a bundle.

/** @returns the code of each overlay of a bundle, marks included, in their order */
export function overlayTexts(bundle: string): string[] {
  return [...bundle.matchAll(/"(\/\/[0-9a-f]{8})",(\d+),(\d+),/g)].map(([, mark, at, length]) => {
    const text = bundle.slice(Number(at), Number(at) + Number(length));
    if (!text.startsWith(mark!) || !text.endsWith(mark!)) throw new Error(`no overlay at ${at} with ${mark}`);
    return text;
  });
}
