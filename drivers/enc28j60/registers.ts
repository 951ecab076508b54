// The ENC28J60's SPI instructions, registers and bits that the driver uses, with the data sheet's names (DS39662E).
// A register is its 5-bit address, its bank in bits 6:5, and MAC_MII where a read has a dummy byte first.

// DS39662E, table 4-1: opcode in bits 7:5, register address in bits 4:0.
export const OP_RCR = 0x00;
export const OP_RBM = 0x3a;
export const OP_WCR = 0x40;
export const OP_WBM = 0x7a;
export const OP_BFS = 0x80;
export const OP_BFC = 0xa0;
export const OP_SRC = 0xff;

/** DS39662E, 4.2.1: MAC and MII registers shift out a dummy byte before their value. */
export const MAC_MII = 0x80;
export const ADDRESS_MASK = 0x1f;
/** Registers from here on are in every bank. */
export const EIE = 0x1b;
export const EIR = 0x1c;
export const ESTAT = 0x1d;
export const ECON2 = 0x1e;
export const ECON1 = 0x1f;

// Bank 0
export const ERDPTL = 0x00;
export const ERDPTH = 0x01;
export const EWRPTL = 0x02;
export const EWRPTH = 0x03;
export const ETXSTL = 0x04;
export const ETXSTH = 0x05;
export const ETXNDL = 0x06;
export const ETXNDH = 0x07;
export const ERXSTL = 0x08;
export const ERXSTH = 0x09;
export const ERXNDL = 0x0a;
export const ERXNDH = 0x0b;
export const ERXRDPTL = 0x0c;
export const ERXRDPTH = 0x0d;
export const ERXWRPTL = 0x0e;
export const ERXWRPTH = 0x0f;
export const EDMASTL = 0x10;
export const EDMANDL = 0x12;
export const EDMACSL = 0x16;
export const EDMACSH = 0x17;

// Bank 1
export const EHT0 = 0x20;
export const ERXFCON = 0x38;
export const EPKTCNT = 0x39;

// Bank 2
export const MACON1 = 0x40 | MAC_MII;
export const MACON3 = 0x42 | MAC_MII;
export const MACON4 = 0x43 | MAC_MII;
export const MABBIPG = 0x44 | MAC_MII;
export const MAIPGL = 0x46 | MAC_MII;
export const MAIPGH = 0x47 | MAC_MII;
export const MAMXFLL = 0x4a | MAC_MII;
export const MAMXFLH = 0x4b | MAC_MII;
export const MICMD = 0x52 | MAC_MII;
export const MIREGADR = 0x54 | MAC_MII;
export const MIWRL = 0x56 | MAC_MII;
export const MIWRH = 0x57 | MAC_MII;
export const MIRDL = 0x58 | MAC_MII;
export const MIRDH = 0x59 | MAC_MII;

// Bank 3
export const MAADR5 = 0x60 | MAC_MII;
export const MAADR6 = 0x61 | MAC_MII;
export const MAADR3 = 0x62 | MAC_MII;
export const MAADR4 = 0x63 | MAC_MII;
export const MAADR1 = 0x64 | MAC_MII;
export const MAADR2 = 0x65 | MAC_MII;
export const MISTAT = 0x6a | MAC_MII;
export const EREVID = 0x72;

// EIE and EIR (registers 12-2, 12-3)
export const INTIE = 0x80;
export const PKTIE = 0x40;
export const LINKIE = 0x10;
export const TXERIE = 0x02;
export const RXERIE = 0x01;
export const DMAIF = 0x20;
export const LINKIF = 0x10;
export const TXIF = 0x08;
export const TXERIF = 0x02;
export const RXERIF = 0x01;

// ESTAT (register 12-1)
export const ESTAT_BUFER = 0x40;
export const ESTAT_LATECOL = 0x10;
/** Reads as 0 on every chip: a 1 here is a bus that nobody drives. */
export const ESTAT_UNIMPLEMENTED = 0x08;
export const ESTAT_RXBUSY = 0x04;
export const ESTAT_TXABRT = 0x02;
export const ESTAT_CLKRDY = 0x01;

// ECON1 and ECON2 (registers 3-1, 3-2)
export const TXRST = 0x80;
export const RXRST = 0x40;
export const DMAST = 0x20;
export const CSUMEN = 0x10;
export const TXRTS = 0x08;
export const RXEN = 0x04;
export const BSEL = 0x03;
export const AUTOINC = 0x80;
export const PKTDEC = 0x40;
export const PWRSV = 0x20;
export const VRPS = 0x08;

// ERXFCON (register 8-1)
export const UCEN = 0x80;
export const CRCEN = 0x20;
export const HTEN = 0x04;
export const MCEN = 0x02;
export const BCEN = 0x01;

// MACON1, 3, 4 (registers 6-1 to 6-3)
export const TXPAUS = 0x08;
export const RXPAUS = 0x04;
export const MARXEN = 0x01;
/** Pad short frames to 60 bytes. */
export const PADCFG0 = 0x20;
export const TXCRCEN = 0x10;
export const FRMLNEN = 0x02;
export const FULDPX = 0x01;
/** Wait for the medium as long as it takes, as IEEE 802.3 does. */
export const DEFER = 0x40;

export const MIIRD = 0x01;
export const MISTAT_BUSY = 0x01;

// PHY registers (table 3-3)
export const PHCON1 = 0x00;
export const PHCON2 = 0x10;
export const PHSTAT2 = 0x11;
export const PHIE = 0x12;
export const PHIR = 0x13;
export const PHLCON = 0x14;
export const PDPXMD = 0x0100;
export const HDLDIS = 0x0100;
export const LSTAT = 0x0400;
export const PLNKIE = 0x0010;
export const PGEIE = 0x0002;

/** Bytes before each frame in the receive buffer: next packet pointer and status vector (figure 7-3). */
export const RX_HEADER = 6;
/** Bit 23 of the receive status vector, in its third byte (table 7-3). */
export const RSV_OK = 0x80;
/** Bits 31:24 of the transmit status vector, its fourth byte (table 7-1). */
export const TSV_EXCESSIVE_DEFER = 0x08;
export const TSV_EXCESSIVE_COLLISION = 0x10;
export const TSV_LATE_COLLISION = 0x20;
