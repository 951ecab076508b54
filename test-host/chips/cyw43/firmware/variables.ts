// Iovars that are no more than a number: name, first value, range.

import { BCME_NOTDOWN, BCME_RANGE, Refusal } from './errors.js';

interface Variable {
  initial: number;
  min: number;
  max: number;
  /** Can only be changed while the interface is down. */
  down?: boolean;
}

function flag(initial: 0 | 1, down = false): Variable {
  return { initial, min: 0, max: 1, down };
}

function range(initial: number, min: number, max: number): Variable {
  return { initial, min, max };
}

const VARIABLES = {
  'apsta': flag(0, true),
  'bus:txglom': flag(0),
  'ampdu_ba_wsize': range(8, 1, 64),
  'ampdu_mpdu': range(0, -1, 64),
  'ampdu_rx_factor': range(3, 0, 3),
  'assoc_listen': range(10, 0, 255),
  'roam_off': flag(0),
  'mpc': flag(1),
  '2g_mrate': range(0, 0, 0x7fffffff),
  'maxassoc': range(10, 1, 10),
  'sae_max_pwe_loop': range(5, 1, 255),
  /** Seconds without a beacon after which the link counts as lost. */
  'bcn_timeout': range(8, 1, 60),
} satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;

export class Variables {
  private readonly values = new Map<string, number>();

  constructor() {
    this.reset();
  }

  reset(): void {
    for (const [name, v] of Object.entries(VARIABLES)) this.values.set(name, v.initial);
  }

  has(name: string): name is VariableName {
    return this.values.has(name);
  }

  get(name: VariableName): number {
    return this.values.get(name)!;
  }

  set(name: VariableName, value: number, isUp: boolean): void {
    const v: Variable = VARIABLES[name];
    if (value < v.min || value > v.max) throw new Refusal(BCME_RANGE, 'valueOutOfRange', `${name} ${value}`);
    if (v.down && isUp && value !== this.get(name)) throw new Refusal(BCME_NOTDOWN, 'commandWhileUp', name);
    this.values.set(name, value);
  }
}
