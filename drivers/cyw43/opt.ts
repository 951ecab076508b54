// Options of the CYW43 driver: times and limits.

/**
 * Bytes of a block before the Ethernet header of a frame to send: the bus's header word, the gSPI command, the SDPCM
 * header with its two bytes of padding, the BDC header. An app sets PBUF_LINK_ENCAPSULATION_HLEN to it, so that every
 * frame goes out as it lies; the IP header is then on a 4-byte boundary.
 */
export const LEAD: number = 26;

/**
 * Bytes of delay before the answer of a backplane read. The bus clocks them at 31 MHz; the backplane needs about a
 * microsecond, this is four.
 */
export const F1_DELAY: number = 16;

/** Milliseconds of power off before a start, and from power on to the first look at the chip. */
export const POWER_OFF: number = 20;
export const POWER_ON: number = 150;

/** Looks at the test pattern before the chip is given up, 10 ms apart. */
export const TEST_LOOKS: number = 20;

/** Looks for a clock or for the firmware, 1 ms apart; the firmware takes some 30. */
export const READY_LOOKS: number = 300;

/** Bytes of the image that are read and sent at a time: a flash sector. */
export const PIECE: number = 4096;

/** Pieces between two turns of the event loop, 2.5 ms each. */
export const PIECES_PER_TURN: number = 4;

/** Milliseconds between looks at the chip whatever its interrupt says. */
export const CHECK_INTERVAL: number = 100;

/** Of those looks, each so manieth also asks whether the chip and its firmware are still there. */
export const HEALTH_EVERY: number = 10;

/** Milliseconds that a control may take. The longest known, setting the country, takes 35. */
export const CONTROL_LIMIT: number = 2000;

/** Milliseconds that the chip may keep the driver from sending. */
export const CREDIT_LIMIT: number = 2000;

/** Milliseconds until a start that failed is tried again. */
export const RETRY: number = 5000;
