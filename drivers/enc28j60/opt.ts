// Options of the ENC28J60 driver: switches that a build may replace, and the division of the chip's memory.

/**
 * Leave TCP and UDP checksums to the chip's DMA engine where the device's configuration asks for it: see checksum.ts,
 * which is only in a bundle that names it. A build may set this to false to save the two tests on the way of a frame.
 */
export const ENC28J60_DMA_CHECKSUM: boolean = true;

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

/** Milliseconds that a transmission waits for the one before; a full frame takes 1.3. */
export const TX_WAIT: number = 5;

/**
 * Milliseconds after which a transmission that does not end is given up: more than sixteen attempts with their
 * longest back-off (IEEE 802.3, 4.2.3.2.5) take.
 */
export const TX_STUCK: number = 600;

/** Milliseconds that frames wait in the ring for a receive buffer of the stack before they are dropped. */
export const RX_HOLD: number = 20;

/** Milliseconds between looks at the chip regardless of its INT pin. */
export const CHECK_INTERVAL: number = 100;

/** Of those looks, each so manieth also reads link state and key registers. */
export const HEALTH_EVERY: number = 10;
