// The run of a board from the command line: it lasts until Ctrl-C, the given time, or a failure.

import type { UserError } from './user-error.js';

export class Session {
  /** Resolves when the run is to end. */
  readonly stopped: Promise<void>;
  /** Ends the run. */
  stop: () => void = () => {};
  private failure: UserError | null = null;

  constructor() {
    this.stopped = new Promise((resolve) => (this.stop = resolve));
    process.once('SIGINT', this.stop);
    process.once('SIGTERM', this.stop);
    process.stdout.on('error', this.stop);
  }

  /** Ends the run for a reason that the user is told. */
  readonly fail = (error: UserError): void => {
    this.failure ??= error;
    this.stop();
  };

  /** @throws UserError when the run has failed */
  check(): void {
    if (this.failure) throw this.failure;
  }
}
