// ARP for IPv4 over Ethernet (RFC 826): offsets from the start of the ARP packet.

/** Hardware and protocol type, 16 bits each, and what they are for IPv4 over Ethernet. */
export const ARP_HTYPE = 0;
export const ARP_ETHERNET_IP = 0x10800;
/** Lengths of hardware and protocol addresses, one byte each, and what they are for IPv4 over Ethernet. */
export const ARP_HLEN = 4;
export const ARP_LENGTHS = 0x604;
export const ARP_OP = 6;
/** Sender's hardware and protocol address. */
export const ARP_SHA = 8;
export const ARP_SPA = 14;
/** Target's hardware and protocol address. */
export const ARP_THA = 18;
export const ARP_TPA = 24;
export const ARP_LENGTH = 28;

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
