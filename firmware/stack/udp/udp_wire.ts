// The UDP header (RFC 768): offsets.

export const UDP_SRC = 0;
export const UDP_DST = 2;
export const UDP_LEN = 4;
export const UDP_CHKSUM = 6;
export const UDP_HLEN = 8;
