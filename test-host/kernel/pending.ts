// The result of a call that is still to come. Unlike a Promise's, its function runs at the very moment when the value is
// there, so that errno can be set for it.

export class Pending implements PromiseLike<number> {
  private fn: ((value: number) => void) | null = null;
  private value: number | null = null;

  /** @param handOut runs right before the value is handed out, and may change it */
  constructor(private readonly handOut: (value: number) => number = (value) => value) {}

  settle(value: number): void {
    this.value = value;
    this.fn?.(this.handOut(value));
  }

  then<T = number, U = never>(
    fulfilled?: ((value: number) => T | PromiseLike<T>) | null,
    _rejected?: ((reason: unknown) => U | PromiseLike<U>) | null,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.fn = (value) => {
        try {
          resolve(fulfilled!(value));
        } catch (error) {
          reject(error);
        }
      };
      if (this.value !== null) this.fn(this.handOut(this.value));
    });
  }
}
