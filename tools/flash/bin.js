#!/usr/bin/env node
// The `lightwire` command: registers the TypeScript loader, then hands over to cli.ts.
import { register } from 'tsx/esm/api';

register();
await import('./cli.ts');
