// The registers of a PIO block by their offsets (RP2040 datasheet, 3.7).

export const MACHINES = 4;
export const INSTRUCTIONS = 32;

export const CTRL = 0x000;
export const FSTAT = 0x004;
export const FDEBUG = 0x008;
export const FLEVEL = 0x00c;
export const TXF0 = 0x010;
export const RXF0 = 0x020;
export const IRQ = 0x030;
export const IRQ_FORCE = 0x034;
export const INPUT_SYNC_BYPASS = 0x038;
export const DBG_PADOUT = 0x03c;
export const DBG_PADOE = 0x040;
export const DBG_CFGINFO = 0x044;
export const INSTR_MEM0 = 0x048;
export const SM0_CLKDIV = 0x0c8;
export const INTR = 0x128;
export const IRQ0_INTE = 0x12c;
export const IRQ1_INTS = 0x140;
/** From one state machine's registers to the next one's, and between them. */
export const SM_STRIDE = 0x18;
export const CLKDIV = 0x00;
export const EXECCTRL = 0x04;
export const SHIFTCTRL = 0x08;
export const ADDR = 0x0c;
export const INSTR = 0x10;
export const PINCTRL = 0x14;
export const SM_END = SM0_CLKDIV + MACHINES * SM_STRIDE;

export const CFGINFO = (INSTRUCTIONS << 16) | (MACHINES << 8) | 4;
