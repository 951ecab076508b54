// How a Pico W's radio is connected to its RP2040: GPIO numbers (Pico W datasheet, 2.1).

export const CYW43_PINS = {
  /** WL_REG_ON: the chip's power. */
  power: 23,
  /** Data both ways, and the interrupt while the chip is not selected. */
  data: 24,
  /** Active low. */
  select: 25,
  clock: 29,
} as const;
