// Ends a socket of this machine so that its peer sees a reset, now, whatever is still to be written.

import type { Socket } from 'node:net';

/** Node's resetAndDestroy() waits for pending writes, for ever where the peer does not read; this does not. */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // While the end of the stream is on its way out the system refuses a reset; all data have gone out before it.
  const ending = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (!ending) socket.resetAndDestroy();
  socket.destroy();
}
