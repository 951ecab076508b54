// How a network protects itself, as bits: one for each way that it offers or that a station may use.

export const SECURITY_OPEN = 0;
/** Not supported for joining. */
export const SECURITY_WEP = 1;
export const SECURITY_WPA = 2;
export const SECURITY_WPA2 = 4;
export const SECURITY_WPA3 = 8;

/** The ciphers that go with it: TKIP is 2, AES 4. */
export function wsecOf(security: number): number {
  return (security & SECURITY_WPA ? 2 : 0) | (security & (SECURITY_WPA2 | SECURITY_WPA3) ? 4 : 0);
}

/** The key managements that go with it: WPA-PSK is 4, WPA2-PSK 80h, WPA3-SAE 40000h. */
export function authOf(security: number): number {
  return (
    (security & SECURITY_WPA ? 4 : 0) |
    (security & SECURITY_WPA2 ? 0x80 : 0) |
    (security & SECURITY_WPA3 ? 0x40000 : 0)
  );
}
