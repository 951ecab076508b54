// Kaluma's `flash` module: what its storage area, the user's program and its files are stored in.

declare const require: (id: string) => unknown;

/** @external */
export interface KalumaFlash {
  /** Fills the array from the start of its buffer. */
  read(block: number, bytes: Uint8Array, offset: number): void;
}

/** @external */
interface FlashModule {
  Flash: new (base: number, count: number) => KalumaFlash;
}

/**
 * @param sector of 4096 bytes, from the start of Kaluma's storage area, 0xFC000 on a Pico
 * @param sectors how many
 */
export function kalumaFlash(sector: number, sectors: number): KalumaFlash {
  return new (require('flash') as FlashModule).Flash(sector, sectors);
}
