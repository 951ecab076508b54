// Progress of a transfer: a bar on a terminal, a line for each quarter elsewhere.

import cliProgress from 'cli-progress';

export interface Progress {
  /** @param done bytes so far; fewer than before when it began anew */
  update(done: number): void;
  end(): void;
}

/** @param total bytes */
export function showProgress(total: number, out: NodeJS.WriteStream = process.stdout): Progress {
  return out.isTTY ? bar(total, out) : lines(total, out);
}

function bar(total: number, out: NodeJS.WriteStream): Progress {
  const single = new cliProgress.SingleBar(
    { stream: out, format: 'writing {bar} {percentage}% of {total} bytes', hideCursor: true },
    cliProgress.Presets.shades_classic,
  );
  single.start(total, 0);
  return { update: (done) => single.update(done), end: () => single.stop() };
}

function lines(total: number, out: NodeJS.WriteStream): Progress {
  let quarter = 0;
  return {
    update(done) {
      const now = Math.floor((done / total) * 4);
      if (now !== quarter && now > 0) out.write(`written ${now * 25}% of ${total} bytes\n`);
      quarter = now;
    },
    end() {},
  };
}
