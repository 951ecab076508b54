// Commands, events and their values as the chip's firmware numbers them.

// Commands.
export const WLC_UP = 2;
export const WLC_SET_INFRA = 20;
export const WLC_SET_AUTH = 22;
export const WLC_GET_BSSID = 23;
export const WLC_SET_SSID = 26;
export const WLC_SET_CHANNEL = 30;
export const WLC_DISASSOC = 52;
export const WLC_SET_ANTDIV = 64;
export const WLC_SET_DTIMPRD = 78;
export const WLC_SET_PM = 86;
export const WLC_SET_GMODE = 110;
export const WLC_GET_RSSI = 127;
export const WLC_SET_WSEC = 134;
export const WLC_GET_ASSOCLIST = 159;
export const WLC_SET_WPA_AUTH = 165;
export const WLC_SET_WSEC_PMK = 268;

// Events.
export const EVENT_SET_SSID = 0;
export const EVENT_AUTH = 3;
/** The access point of our own has sent a station away; EVENT_DEAUTH_IND: the other side has done it. */
export const EVENT_DEAUTH = 5;
export const EVENT_DEAUTH_IND = 6;
export const EVENT_ASSOC = 7;
export const EVENT_ASSOC_IND = 8;
export const EVENT_REASSOC_IND = 10;
export const EVENT_DISASSOC = 11;
export const EVENT_DISASSOC_IND = 12;
export const EVENT_LINK = 16;
export const EVENT_PSK_SUP = 46;
export const EVENT_ESCAN_RESULT = 69;

// Status of events.
export const STATUS_SUCCESS = 0;
export const STATUS_FAIL = 1;
export const STATUS_TIMEOUT = 2;
export const STATUS_NO_NETWORKS = 3;
export const STATUS_ABORT = 4;
export const STATUS_UNSOLICITED = 6;
export const STATUS_PARTIAL = 8;

// Status of EVENT_PSK_SUP: where the handshake stands.
/** Done. */
export const SUP_KEYED = 6;
/** Has sent what proves the passphrase, and waits for the third message. */
export const SUP_WAIT_M3 = 8;

/** A command failed because the firmware does not know it. */
export const BCME_UNSUPPORTED = -23;
