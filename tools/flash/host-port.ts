// A free TCP port on 127.0.0.1 for the forward to the board.

import net from 'node:net';
import { UserError } from './user-error.js';

/** Ports tried from the default one upwards when the user named none. */
const TRIES = 50;

/**
 * @param wanted the port that the user asked for, or undefined
 * @param first where to begin when they asked for none
 * @throws UserError when the wanted port is not to be had
 */
export async function chooseHostPort(wanted: number | undefined, first: number): Promise<number> {
  if (wanted !== undefined) {
    const error = await tryPort(wanted);
    if (!error) return wanted;
    throw new UserError(
      error === 'EADDRINUSE'
        ? `port ${wanted} on 127.0.0.1 is in use`
        : error === 'EACCES'
          ? `no right to listen on port ${wanted} of 127.0.0.1`
          : `port ${wanted} on 127.0.0.1 cannot be had (${error})`,
    );
  }
  for (let port = first; port < first + TRIES; port++) if (!(await tryPort(port))) return port;
  throw new UserError(
    `ports ${first} to ${first + TRIES - 1} on 127.0.0.1 are all in use; name one with --http-port`,
  );
}

/** @returns the error code, or '' when the port is free */
function tryPort(port: number): Promise<string> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve('')));
  });
}
