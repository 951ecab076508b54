// The control registers of the ENC28J60 as data: where they are, which block they belong to, what they hold after
// reset and which bits exist. Source: DS39662E, tables 3-1 and 3-2 and the register descriptions. No behaviour here.

/** Address within the register file: bank in bits 6:5, address in bits 4:0; registers common to all banks have bank 0. */
export const EIE = 0x1b;
export const EIR = 0x1c;
export const ESTAT = 0x1d;
export const ECON2 = 0x1e;
export const ECON1 = 0x1f;

export const ERDPTL = 0x00;
export const EWRPTL = 0x02;
export const ETXSTL = 0x04;
export const ETXNDL = 0x06;
export const ERXSTL = 0x08;
export const ERXNDL = 0x0a;
export const ERXRDPTL = 0x0c;
export const ERXRDPTH = 0x0d;
export const ERXWRPTL = 0x0e;
export const EDMASTL = 0x10;
export const EDMANDL = 0x12;
export const EDMADSTL = 0x14;
export const EDMACSL = 0x16;

export const EHT0 = 0x20;
export const EPMM0 = 0x28;
export const EPMCSL = 0x30;
export const EPMOL = 0x34;
export const ERXFCON = 0x38;
export const EPKTCNT = 0x39;

export const MACON1 = 0x40;
export const MACON2 = 0x41;
export const MACON3 = 0x42;
export const MACON4 = 0x43;
export const MABBIPG = 0x44;
export const MAIPGL = 0x46;
export const MACLCON1 = 0x48;
export const MACLCON2 = 0x49;
export const MAMXFLL = 0x4a;
export const MICMD = 0x52;
export const MIREGADR = 0x54;
export const MIWRL = 0x56;
export const MIWRH = 0x57;
export const MIRDL = 0x58;
export const MIRDH = 0x59;

export const MAADR5 = 0x60;
export const MAADR1 = 0x64;
export const EBSTCON = 0x67;
export const MISTAT = 0x6a;
export const EREVID = 0x72;
export const ECOCON = 0x75;
export const EFLOCON = 0x77;
export const EPAUSL = 0x78;

/** Where the six bytes of the station address are, first byte first. */
export const MAADR = [0x64, 0x65, 0x62, 0x63, 0x60, 0x61];

export const INTIE = 0x80;
export const PKTIF = 0x40;
export const DMAIF = 0x20;
export const LINKIF = 0x10;
export const TXIF = 0x08;
export const TXERIF = 0x02;
export const RXERIF = 0x01;

export const ESTAT_INT = 0x80;
export const ESTAT_BUFER = 0x40;
export const ESTAT_LATECOL = 0x10;
export const ESTAT_RXBUSY = 0x04;
export const ESTAT_TXABRT = 0x02;
export const ESTAT_CLKRDY = 0x01;

export const ECON2_AUTOINC = 0x80;
export const ECON2_PKTDEC = 0x40;
export const ECON2_PWRSV = 0x20;
export const ECON2_VRPS = 0x08;

export const ECON1_TXRST = 0x80;
export const ECON1_RXRST = 0x40;
export const ECON1_DMAST = 0x20;
export const ECON1_CSUMEN = 0x10;
export const ECON1_TXRTS = 0x08;
export const ECON1_RXEN = 0x04;
export const ECON1_BSEL = 0x03;

export const ERXFCON_UCEN = 0x80;
export const ERXFCON_ANDOR = 0x40;
export const ERXFCON_CRCEN = 0x20;
export const ERXFCON_PMEN = 0x10;
export const ERXFCON_MPEN = 0x08;
export const ERXFCON_HTEN = 0x04;
export const ERXFCON_MCEN = 0x02;
export const ERXFCON_BCEN = 0x01;

export const MACON1_TXPAUS = 0x08;
export const MACON1_RXPAUS = 0x04;
export const MACON1_PASSALL = 0x02;
export const MACON1_MARXEN = 0x01;

export const MACON3_PADCFG = 0xe0;
export const MACON3_TXCRCEN = 0x10;
export const MACON3_PHDREN = 0x08;
export const MACON3_HFRMEN = 0x04;
export const MACON3_FRMLNEN = 0x02;
export const MACON3_FULDPX = 0x01;

export const MACON4_DEFER = 0x40;
export const MACON4_BPEN = 0x20;
export const MACON4_NOBKOFF = 0x10;

export const MICMD_MIISCAN = 0x02;
export const MICMD_MIIRD = 0x01;
export const MISTAT_NVALID = 0x04;
export const MISTAT_SCAN = 0x02;
export const MISTAT_BUSY = 0x01;

export type RegisterGroup = 'eth' | 'mac' | 'mii' | 'reserved' | 'none';

export interface RegisterInfo {
  name: string;
  group: RegisterGroup;
  reset: number;
  /** Bits that the host may set and clear. */
  writable: number;
  /** Bits that the host may only clear. */
  clearable: number;
  /** Bits that exist; others read as 0. */
  implemented: number;
  /** Bits that the data sheet says to keep at 0. */
  reserved: number;
}

type Row = [
  name: string,
  address: number,
  group: RegisterGroup,
  reset: number,
  writable: number,
  extra?: Extra,
];
type Extra = { readOnly?: number; clearable?: number; reserved?: number };

const ROWS: Row[] = [
  ['EIE', EIE, 'eth', 0, 0xfb, { reserved: 0x04 }],
  ['EIR', EIR, 'eth', 0, 0, { readOnly: 0x50, clearable: 0x2b, reserved: 0x04 }],
  ['ESTAT', ESTAT, 'eth', 0, 0, { readOnly: 0x85, clearable: 0x52, reserved: 0x20 }],
  ['ECON2', ECON2, 'eth', 0x80, 0xe8, { reserved: 0x10 }],
  ['ECON1', ECON1, 'eth', 0, 0xff],

  ['ERDPTL', 0x00, 'eth', 0xfa, 0xff],
  ['ERDPTH', 0x01, 'eth', 0x05, 0x1f],
  ['EWRPTL', 0x02, 'eth', 0, 0xff],
  ['EWRPTH', 0x03, 'eth', 0, 0x1f],
  ['ETXSTL', 0x04, 'eth', 0, 0xff],
  ['ETXSTH', 0x05, 'eth', 0, 0x1f],
  ['ETXNDL', 0x06, 'eth', 0, 0xff],
  ['ETXNDH', 0x07, 'eth', 0, 0x1f],
  ['ERXSTL', 0x08, 'eth', 0xfa, 0xff],
  ['ERXSTH', 0x09, 'eth', 0x05, 0x1f],
  ['ERXNDL', 0x0a, 'eth', 0xff, 0xff],
  ['ERXNDH', 0x0b, 'eth', 0x1f, 0x1f],
  ['ERXRDPTL', 0x0c, 'eth', 0xfa, 0xff],
  ['ERXRDPTH', 0x0d, 'eth', 0x05, 0x1f],
  ['ERXWRPTL', 0x0e, 'eth', 0, 0, { readOnly: 0xff }],
  ['ERXWRPTH', 0x0f, 'eth', 0, 0, { readOnly: 0x1f }],
  ['EDMASTL', 0x10, 'eth', 0, 0xff],
  ['EDMASTH', 0x11, 'eth', 0, 0x1f],
  ['EDMANDL', 0x12, 'eth', 0, 0xff],
  ['EDMANDH', 0x13, 'eth', 0, 0x1f],
  ['EDMADSTL', 0x14, 'eth', 0, 0xff],
  ['EDMADSTH', 0x15, 'eth', 0, 0x1f],
  ['EDMACSL', 0x16, 'eth', 0, 0, { readOnly: 0xff }],
  ['EDMACSH', 0x17, 'eth', 0, 0, { readOnly: 0xff }],

  ...bytes('EHT', 0x20, 8),
  ...bytes('EPMM', 0x28, 8),
  ['EPMCSL', 0x30, 'eth', 0, 0xff],
  ['EPMCSH', 0x31, 'eth', 0, 0xff],
  ['EPMOL', 0x34, 'eth', 0, 0xff],
  ['EPMOH', 0x35, 'eth', 0, 0x1f],
  ['(bank 1, 16h)', 0x36, 'reserved', 0, 0],
  ['(bank 1, 17h)', 0x37, 'reserved', 0, 0],
  ['ERXFCON', ERXFCON, 'eth', 0xa1, 0xff],
  ['EPKTCNT', EPKTCNT, 'eth', 0, 0, { readOnly: 0xff }],

  ['MACON1', MACON1, 'mac', 0, 0x0f, { reserved: 0x10 }],
  // Reserved since DS39662C; before, MARST and friends, which were to be cleared. The MAC works either way.
  ['MACON2', MACON2, 'mac', 0x80, 0xcf],
  ['MACON3', MACON3, 'mac', 0, 0xff],
  ['MACON4', MACON4, 'mac', 0, 0x70, { reserved: 0x03 }],
  ['MABBIPG', MABBIPG, 'mac', 0, 0x7f],
  ['MAIPGL', 0x46, 'mac', 0, 0x7f],
  ['MAIPGH', 0x47, 'mac', 0, 0x7f],
  ['MACLCON1', MACLCON1, 'mac', 0x0f, 0x0f],
  ['MACLCON2', MACLCON2, 'mac', 0x37, 0x3f],
  ['MAMXFLL', 0x4a, 'mac', 0, 0xff],
  ['MAMXFLH', 0x4b, 'mac', 0x06, 0xff],
  ['(bank 2, 0Ch)', 0x4c, 'reserved', 0, 0],
  ['(bank 2, 0Dh)', 0x4d, 'reserved', 0, 0],
  ['(bank 2, 0Fh)', 0x4f, 'reserved', 0, 0],
  ['(bank 2, 10h)', 0x50, 'reserved', 0, 0],
  ['(bank 2, 11h)', 0x51, 'reserved', 0, 0],
  ['MICMD', MICMD, 'mii', 0, 0x03],
  ['MIREGADR', MIREGADR, 'mii', 0, 0x1f],
  ['(bank 2, 15h)', 0x55, 'reserved', 0, 0],
  ['MIWRL', MIWRL, 'mii', 0, 0xff],
  ['MIWRH', MIWRH, 'mii', 0, 0xff],
  ['MIRDL', MIRDL, 'mii', 0, 0, { readOnly: 0xff }],
  ['MIRDH', MIRDH, 'mii', 0, 0, { readOnly: 0xff }],

  ['MAADR5', 0x60, 'mac', 0, 0xff],
  ['MAADR6', 0x61, 'mac', 0, 0xff],
  ['MAADR3', 0x62, 'mac', 0, 0xff],
  ['MAADR4', 0x63, 'mac', 0, 0xff],
  ['MAADR1', 0x64, 'mac', 0, 0xff],
  ['MAADR2', 0x65, 'mac', 0, 0xff],
  ['EBSTSD', 0x66, 'eth', 0, 0xff],
  ['EBSTCON', EBSTCON, 'eth', 0, 0xff],
  ['EBSTCSL', 0x68, 'eth', 0, 0, { readOnly: 0xff }],
  ['EBSTCSH', 0x69, 'eth', 0, 0, { readOnly: 0xff }],
  ['MISTAT', MISTAT, 'mii', 0, 0, { readOnly: 0x0f }],
  ['EREVID', EREVID, 'eth', 0, 0, { readOnly: 0x1f }],
  ['ECOCON', ECOCON, 'eth', 0x04, 0x07],
  ['(bank 3, 16h)', 0x76, 'reserved', 0, 0],
  ['EFLOCON', EFLOCON, 'eth', 0, 0x03, { readOnly: 0x04 }],
  ['EPAUSL', 0x78, 'eth', 0, 0xff],
  ['EPAUSH', 0x79, 'eth', 0x10, 0xff],
  ['(bank 0, 1Ah)', 0x1a, 'reserved', 0, 0],
  ['(bank 1, 1Ah)', 0x3a, 'reserved', 0, 0],
  ['(bank 2, 1Ah)', 0x5a, 'reserved', 0, 0],
  ['(bank 3, 1Ah)', 0x7a, 'reserved', 0, 0],
];

function bytes(name: string, from: number, n: number): Row[] {
  return Array.from({ length: n }, (_, i): Row => [`${name}${i}`, from + i, 'eth', 0, 0xff]);
}

/** All 128 places, unimplemented ones with group 'none'. Those of 1Bh..1Fh are the common registers in each bank. */
export const REGISTERS: readonly RegisterInfo[] = buildTable();

function buildTable(): RegisterInfo[] {
  const table: RegisterInfo[] = [];
  for (let a = 0; a < 128; a++) {
    const name = `(bank ${a >> 5}, ${(a & 31).toString(16).toUpperCase().padStart(2, '0')}h)`;
    table.push({ name, group: 'none', reset: 0, writable: 0, clearable: 0, implemented: 0, reserved: 0 });
  }
  for (const [name, address, group, reset, writable, extra = {}] of ROWS) {
    const clearable = extra.clearable ?? 0;
    const implemented = writable | clearable | (extra.readOnly ?? 0);
    table[address] = { name, group, reset, writable, clearable, implemented, reserved: extra.reserved ?? 0 };
  }
  for (let bank = 1; bank < 4; bank++) {
    for (let a = EIE; a <= ECON1; a++) table[bank * 32 + a] = table[a]!;
  }
  return table;
}

/** The place of the register with 5-bit address `address` in `bank`. */
export function placeOf(bank: number, address: number): number {
  return address >= EIE ? address : (bank << 5) | address;
}
