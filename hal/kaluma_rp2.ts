// Kaluma's native functions for the PIO state machines of an RP2040. Types only.

/** @external */
export interface Rp2 {
  /** @returns where it lies in instruction memory, or less than 0 when there is no room */
  pio_add_program(pio: number, program: Uint16Array): number;
  pio_sm_init(pio: number, sm: number, options: StateMachineOptions): void;
  pio_sm_set_enabled(pio: number, sm: number, enabled: boolean): void;
  pio_sm_exec(pio: number, sm: number, instruction: number): void;
  /** Waits for room in the FIFO; sends the whole buffer, whatever the array's bounds. */
  pio_sm_put(pio: number, sm: number, words: Uint32Array): void;
  /** Waits for a word. */
  pio_sm_get(pio: number, sm: number): number;
  pio_sm_rxfifo(pio: number, sm: number): number;
}

/**
 * What is left out is as in Kaluma's StateMachine: no pins, full speed, shifts to the right.
 * @external
 */
export interface StateMachineOptions {
  offset: number;
  wrapTarget: number;
  wrap: number;
  autopush: boolean;
  autopull: boolean;
  /** Hz; the divider is rounded to whole numbers. */
  freq?: number;
  inBase?: number;
  outBase?: number;
  setBase?: number;
  setCount?: number;
  sideset?: boolean;
  sidesetBase?: number;
  sidesetBits?: number;
  inShiftDir?: number;
  outShiftDir?: number;
}

/** `process.binding`, where the engine has it: `binding(binding.rp2)` gives the functions. */
export interface Rp2Binding {
  (name: unknown): Rp2 | undefined;
  rp2?: unknown;
}
