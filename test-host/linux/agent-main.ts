// The program that agent.ts starts in a namespace. It ends with its parent.

import type { Reply, Request } from './agent.js';
import { operations } from './agent-operations.js';

process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  const { id, name, argument } = message as Request;
  const operation = operations[name] as (argument: unknown) => unknown;
  Promise.resolve()
    .then(() => operation(argument))
    .then(
      (result): Reply => ({ id, result }),
      (error: Error): Reply => ({ id, error: error.stack ?? String(error) }),
    )
    .then((reply) => process.send!(reply));
});
