// How long things take in the air, µs: figures of an undisturbed 2.4 GHz channel, so that a driver's time limits meet
// what they meet in life.

/** One time unit of IEEE 802.11. */
export const TIME_UNIT = 1024;
/** 100 time units, what nearly every access point uses. */
export const BEACON_INTERVAL = 100 * TIME_UNIT;

/** How long a scan stays on a channel, asking and only listening. */
export const ACTIVE_DWELL = 40_000;
export const PASSIVE_DWELL = 110_000;
/** How long a scan in between goes back to the channel of the network that the station is in. */
export const HOME_DWELL = 45_000;
/** A scan for joining asks and does not wait for stragglers. */
export const JOIN_DWELL = 20_000;
/** An access point answers a probe within this time. */
export const PROBE_ANSWER = 8_000;

/** Open-system authentication, association: a frame and its answer each. */
export const AUTHENTICATION = 4_000;
export const ASSOCIATION = 5_000;
/** SAE: the elliptic curve work of both sides. */
export const SAE_AUTHENTICATION = 320_000;
/** A side that does not answer is asked three times. */
export const NO_ANSWER = 300_000;
/** The 4-way handshake, and the time after which an access point gives up on one. */
export const HANDSHAKE = 30_000;
export const HANDSHAKE_TIMEOUT = 2_500_000;
/** A supplicant that hears nothing gives up after so long. */
export const SUPPLICANT_TIMEOUT = 5_000_000;

/** Spacing, back-off, preamble and acknowledgement around a frame. */
export const FRAME_OVERHEAD = 150;
/** HT20 with one stream, short guard interval, rounded down: bit/s. */
export const PHY_RATE = 65_000_000;

/** Below this a receiver understands nothing, dBm. */
export const SENSITIVITY = -95;
