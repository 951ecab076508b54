// Options of the ENC28J60 driver: the division of the chip's memory, times and limits.

/**
 * Last address of the receive ring; the ring begins at 0 (DS80349C, 5). 1A00h bytes hold four full frames of
 * 6 + 1518 bytes, which is the stack's default TCP_WND: a peer that sends a whole window at wire speed loses nothing.
 * Odd, because ERXRDPT takes this value (DS80349C, 14).
 */
export const RX_END: number = 0x19ff;

/**
 * First address of the transmit buffer: control byte, 1514 bytes, status vector of 7, in 1536 bytes. One frame only:
 * a second slot would cost the ring its fourth frame and each transmission one more register write (0.1 ms), and gain
 * at most the 1.2 ms of wire time that the CPU needs for the next segment anyway.
 */
export const TX_START: number = 0x1a00;

/** Bytes of the transmit buffer, to the end of the chip's memory. */
export const TX_SIZE: number = 0x600;

/** Bytes of the ring that may wait to be given back, so that small frames share the two register writes. */
export const RX_RELEASE: number = 1024;

/** Times a frame is sent anew after a late collision (DS80349C, 13). */
export const TX_RETRIES: number = 15;

/**
 * Looks at EIR by which a transmission waits for the one before: a full frame takes 1.3 ms, a look at least 0.1 ms on
 * an interpreting engine.
 */
export const TX_WAIT: number = 50;

/** Milliseconds between looks at the chip regardless of its INT pin. */
export const CHECK_INTERVAL: number = 100;

/** Of those looks, each so manieth also reads link state and key registers. */
export const HEALTH_EVERY: number = 10;

/**
 * Looks that a transmission may outlast: longer than sixteen attempts with their longest back-off (IEEE 802.3,
 * 4.2.3.2.5) take, 0.4 s.
 */
export const TX_STUCK: number = 6;
