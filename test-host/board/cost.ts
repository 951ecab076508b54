// What Kaluma's native calls cost in virtual time. The figures are measurements of Kaluma 1.2.1 on an emulated
// RP2040 at 125 MHz; JavaScript itself costs nothing here, so a simulated board is faster than a real one by
// what its byte code takes.

/** All times in microseconds. */
export interface CostModel {
  digitalWrite: number;
  digitalRead: number;
  pinMode: number;
  /** Kaluma waits a millisecond before it reads. */
  analogRead: number;
  /** `micros()` and `millis()`. */
  readClock: number;
  setTimer: number;
  clearTimer: number;
  /** Per call, before the first bit: `spi.send`, `spi.transfer`, `spi.recv`. */
  spiSend: number;
  spiTransfer: number;
  spiRecv: number;
  /** Between two bytes on the SPI bus, on top of their eight clocks. */
  spiByteGap: number;
  /** A call of the PIO binding, without what it waits for. */
  pioCall: number;
  /** A call of the `flash` module, and what reading, programming and erasing take on top. */
  flashCall: number;
  flashReadByte: number;
  flashProgramPage: number;
  flashEraseSector: number;
  /** `fs.open`, `fs.close`, `fs.stat` and their like; reading, per call and byte; writing, per byte with its share of erasing. */
  fsOpen: number;
  fsClose: number;
  fsStat: number;
  fsRead: number;
  fsReadByte: number;
  fsWriteByte: number;
  /** Per character written to the USB console. */
  consoleChar: number;
  /** One turn of Kaluma's event loop: how late a watched pin, console input or a promise job is noticed. */
  loopTurn: number;
  /** Loading a module the first time, by name. */
  loadModule: Record<string, number>;
}

/** Kaluma 1.2.1 on an RP2040 at 125 MHz. */
export const KALUMA_COST: CostModel = {
  digitalWrite: 19,
  digitalRead: 17,
  pinMode: 19,
  analogRead: 1020,
  readClock: 15,
  setTimer: 23,
  clearTimer: 23,
  spiSend: 48,
  spiTransfer: 93,
  spiRecv: 86,
  spiByteGap: 0.057,
  pioCall: 18,
  flashCall: 60,
  flashReadByte: 0.08,
  flashProgramPage: 400,
  flashEraseSector: 45_000,
  fsOpen: 1700,
  fsClose: 1600,
  fsStat: 2400,
  fsRead: 700,
  fsReadByte: 0.53,
  fsWriteByte: 14,
  consoleChar: 26,
  loopTurn: 250,
  loadModule: { events: 1600, stream: 5900, net: 3400, http: 7100, url: 3900, wifi: 3800, rp2: 9500 },
};

/** Native calls take no time, bits on the bus do. */
export const NO_COST: CostModel = {
  digitalWrite: 0,
  digitalRead: 0,
  pinMode: 0,
  analogRead: 1000,
  readClock: 0,
  setTimer: 0,
  clearTimer: 0,
  spiSend: 0,
  spiTransfer: 0,
  spiRecv: 0,
  spiByteGap: 0,
  pioCall: 0,
  flashCall: 0,
  flashReadByte: 0,
  flashProgramPage: 400,
  flashEraseSector: 45_000,
  fsOpen: 0,
  fsClose: 0,
  fsStat: 0,
  fsRead: 0,
  fsReadByte: 0,
  fsWriteByte: 0,
  consoleChar: 0,
  loopTurn: 1,
  loadModule: {},
};
