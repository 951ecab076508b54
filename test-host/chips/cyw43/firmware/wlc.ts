// Numbers of the firmware's commands.

export const WLC_GET_MAGIC = 0;
export const WLC_GET_VERSION = 1;
export const WLC_UP = 2;
export const WLC_DOWN = 3;
export const WLC_GET_INFRA = 19;
export const WLC_SET_INFRA = 20;
export const WLC_GET_AUTH = 21;
export const WLC_SET_AUTH = 22;
export const WLC_GET_BSSID = 23;
export const WLC_GET_SSID = 25;
export const WLC_SET_SSID = 26;
export const WLC_GET_CHANNEL = 29;
export const WLC_SET_CHANNEL = 30;
export const WLC_DISASSOC = 52;
export const WLC_GET_ANTDIV = 63;
export const WLC_SET_ANTDIV = 64;
export const WLC_GET_DTIMPRD = 77;
export const WLC_SET_DTIMPRD = 78;
export const WLC_GET_PM = 85;
export const WLC_SET_PM = 86;
export const WLC_GET_GMODE = 109;
export const WLC_SET_GMODE = 110;
export const WLC_GET_RSSI = 127;
export const WLC_GET_WSEC = 133;
export const WLC_SET_WSEC = 134;
export const WLC_GET_BAND = 141;
export const WLC_SET_BAND = 142;
export const WLC_GET_ASSOCLIST = 159;
export const WLC_GET_WPA_AUTH = 164;
export const WLC_SET_WPA_AUTH = 165;
export const WLC_SCB_DEAUTHENTICATE_FOR_REASON = 201;
export const WLC_GET_VAR = 262;
export const WLC_SET_VAR = 263;
export const WLC_SET_WSEC_PMK = 268;

/** WLC_SET_AUTH. */
export const AUTH_OPEN = 0;
export const AUTH_SAE = 3;

/** WLC_SET_WSEC. */
export const WSEC_TKIP = 2;
export const WSEC_AES = 4;

/** WLC_SET_WPA_AUTH. */
export const WPA_AUTH_PSK = 0x4;
export const WPA2_AUTH_PSK = 0x80;
export const WPA3_AUTH_SAE_PSK = 0x40000;
