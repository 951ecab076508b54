// Bytes written one after another, in the encodings of WebAssembly (core specification 1.0, 5.2.2: LEB128).

export class ByteWriter {
  private bytes = new Uint8Array(256);
  length = 0;

  byte(value: number): this {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = value;
    return this;
  }

  unsigned(value: number): this {
    while (value > 127) {
      this.byte((value & 127) | 128);
      value >>>= 7;
    }
    return this.byte(value);
  }

  signed(value: number): this {
    for (;;) {
      const low = value & 127;
      value >>= 7;
      if ((value === 0 && !(low & 64)) || (value === -1 && low & 64)) return this.byte(low);
      this.byte(low | 128);
    }
  }

  /** A text of ASCII characters, after its length. */
  name(text: string): this {
    this.unsigned(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
    return this;
  }

  append(other: ByteWriter): this {
    if (this.length + other.length > this.bytes.length) this.grow(other.length);
    this.bytes.set(other.bytes.subarray(0, other.length), this.length);
    this.length += other.length;
    return this;
  }

  /** A copy of what is written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  private grow(room: number): void {
    const bytes = new Uint8Array(2 * this.bytes.length + room);
    bytes.set(this.bytes);
    this.bytes = bytes;
  }
}
