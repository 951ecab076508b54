// What a scan tells of an access point, as the firmware lays it out, and the elements of its beacon.

export interface Beacon {
  ssid: string | number[];
  bssid: number[];
  channel?: number;
  rssi?: number;
  privacy?: boolean;
  elements?: number[];
}

/** RSN's element (IEEE 802.11, 9.4.2.24) with these key managements; `pairwise` ciphers. */
export function rsn(akms: number[], pairwise = 1): number[] {
  return element(48, suites([0x00, 0x0f, 0xac], akms, pairwise));
}

/** WPA's element. */
export function wpa(akms: number[]): number[] {
  return element(221, [0x00, 0x50, 0xf2, 1, ...suites([0x00, 0x50, 0xf2], akms, 1)]);
}

export function element(id: number, body: number[]): number[] {
  return [id, body.length, ...body];
}

function suites(oui: number[], akms: number[], pairwise: number): number[] {
  return [
    1,
    0,
    ...oui,
    4,
    pairwise,
    0,
    ...Array(pairwise)
      .fill([...oui, 4])
      .flat(),
    akms.length,
    0,
    ...akms.flatMap((akm) => [...oui, akm]),
  ];
}

/** The data of an ESCAN_RESULT event. */
export function resultData(sync: number, beacon: Beacon): Uint8Array {
  const elements = beacon.elements ?? [];
  const name = typeof beacon.ssid === 'string' ? [...Buffer.from(beacon.ssid)] : beacon.ssid;
  const bss = 128;
  const bytes = new Uint8Array(12 + bss + elements.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint32(4, 1, true);
  view.setUint16(8, sync, true);
  view.setUint16(10, 1, true);
  view.setUint32(12, 109, true);
  view.setUint32(16, bss + elements.length, true);
  bytes.set(beacon.bssid, 20);
  view.setUint16(26, 100, true);
  view.setUint16(28, beacon.privacy ? 0x11 : 0x01, true);
  bytes[30] = name.length;
  bytes.set(name.slice(0, 32), 31);
  view.setUint16(84, 0x1000 | (beacon.channel ?? 1), true);
  view.setInt16(90, beacon.rssi ?? -50, true);
  bytes[100] = beacon.channel ?? 1;
  view.setUint16(128, bss, true);
  view.setUint32(132, elements.length, true);
  bytes.set(elements, 12 + bss);
  return bytes;
}

/** The data of the event that ends a scan. */
export function endData(sync: number): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes[0] = 12;
  new DataView(bytes.buffer).setUint16(8, sync, true);
  return bytes;
}
