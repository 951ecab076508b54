// The result of a call that is still to come. Unlike a Promise's, its function runs at the very moment when the value is
// there, so that errno can be set for it.

export class Pending implements PromiseLike<number> {
  private fn: ((value: number) => void) | null = null;
  private refuse: ((error: Error) => void) | null = null;
  private value: number | null = null;

  /** @param handOut runs right before the value is handed out, and may change it */
  constructor(private readonly handOut: (value: number) => number) {}

  settle(value: number): void {
    this.value = value;
    this.fn?.(this.handOut(value));
  }

  /** There will be no value. */
  fail(error: Error): void {
    this.refuse?.(error);
  }

  then<T = number, U = never>(
    fulfilled?: ((value: number) => T | PromiseLike<T>) | null,
    rejected?: ((reason: unknown) => U | PromiseLike<U>) | null,
  ): Promise<T | U> {
    const result = new Promise<T>((resolve, reject) => {
      this.refuse = reject;
      this.fn = (value) => {
        try {
          resolve(fulfilled!(value));
        } catch (error) {
          reject(error as Error);
        }
      };
      if (this.value !== null) this.fn(this.handOut(this.value));
    });
    return rejected ? result.catch(rejected) : result;
  }
}
