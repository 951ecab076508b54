// The fuzzer: one seed is one run, the same every time. Recorded frames are fitted to the host's present state,
// changed, cut, repeated, put out of order and handed to it while its virtual time goes on and its applications work.

import { assertClean, usage, type Usage } from '../harness/clean.js';
import { SeededRandom } from '../sim/random.js';
import { byKind, readCorpus, type Recorded } from './corpus.js';
import { fragmented, mutated, pick, shuffle } from './mutate.js';
import { assertAnswers, assertCountersAgree, assertWithinLimits } from './probe.js';
import { Target } from './target.js';

/** Frames between two looks at a host that was left alone. */
const EPOCH = 20000;
/** Microseconds of silence after which all must be back: longer than a connection that retransmits lives. */
const QUIET = 3600e6;

export interface FuzzOptions {
  seed: number;
  frames: number;
  /** Told of each frame before it is handed over. */
  onFrame?: (frame: Uint8Array, index: number, leased: boolean, target: Target) => void;
}

export interface FuzzResult {
  target: Target;
  /** Connection states seen, by number. */
  states: Set<number>;
  /** Seconds of virtual time. */
  time: number;
}

interface Pending {
  frame: Uint8Array;
  leased: boolean;
}

/** @throws Error that names seed and frame */
export function fuzz(options: FuzzOptions): FuzzResult {
  const { seed } = options;
  const r = new SeededRandom(seed);
  const corpus = readCorpus();
  const kinds = byKind(corpus);
  const target = new Target(corpus, seed, r);
  const states = new Set<number>();
  let index = 0;
  try {
    target.run(1e6);
    let baseline = usage(target.host);
    while (index < options.frames) {
      const end = Math.min(options.frames, index + EPOCH);
      while (index < end) {
        for (const p of next(r, target, kinds)) {
          options.onFrame?.(p.frame, index, p.leased, target);
          index++;
          target.deliver(p.frame, p.leased);
          if (r.chance(0.6)) target.run(pause(r));
          for (let pcb = target.host.stack.tcp.active; pcb; pcb = pcb.next) states.add(pcb.state);
        }
        if (r.chance(0.05)) target.host.do(() => target.application.act());
        if (r.chance(0.02)) assertWithinLimits(target);
      }
      baseline = look(target, baseline);
    }
  } catch (error) {
    throw new Error(`seed ${seed}, frame ${index - 1}: ${(error as Error).message}`, { cause: error });
  }
  return { target, states, time: target.scheduler.now / 1e6 };
}

/** Microseconds to the next frame: mostly none, sometimes enough for each timer to fire. */
function pause(r: SeededRandom): number {
  const dice = r.float();
  if (dice < 0.9) return r.below(1500);
  if (dice < 0.985) return r.below(30e3);
  if (dice < 0.999) return r.below(600e3);
  return r.below(60e6);
}

/** What arrives next. */
function next(r: SeededRandom, target: Target, kinds: Recorded[][]): Pending[] {
  const out: Pending[] = [];
  for (let n = r.chance(0.8) ? 1 : 1 + r.below(4); n > 0; n--) {
    const recorded = pick(r, pick(r, kinds));
    const { frame, leased } = target.retargeted(recorded);
    const changed = r.chance(0.6) ? mutated(r, frame, pick(r, pick(r, kinds)).frame) : frame;
    const parts = r.chance(0.06) ? fragmented(r, changed) : [changed];
    for (const part of parts) out.push({ frame: part, leased });
    if (r.chance(0.03)) out.push(...out.slice(0, 3));
  }
  if (r.chance(0.1)) shuffle(r, out);
  return out;
}

/** Leaves the host alone until all is over, then asserts that nothing is missing and all is served. */
function look(target: Target, baseline: Usage): Usage {
  target.host.do(() => target.application.retire());
  target.run(QUIET);
  assertClean(target.host, baseline);
  assertWithinLimits(target);
  assertAnswers(target);
  target.run(QUIET);
  assertClean(target.host, baseline);
  assertCountersAgree(
    target,
    target.host.netifs.reduce((n, f) => n + f.inPackets, 0),
  );
  return baseline;
}
