// Where the stack's sockets do not do what the kernel's do, and why. A sequence that is not listed must give the same
// trace on both; a listed one must differ in exactly the lines that stand here.

export interface Difference {
  sequence: string;
  /** Key of REASONS. */
  reason: keyof typeof REASONS;
  /** What the kernel gave and what the stack gave, for each line that differs. */
  lines: [kernel: string, stack: string][];
}

export const REASONS = {
  none: '',
};

export const DIFFERENCES: Difference[] = [];
