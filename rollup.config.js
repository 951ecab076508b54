// One bundle for each program in firmware/apps; its switches and budget stand beside it in <app>.json.
// The steps are in tools/build/bundle.ts. `npm run build` adds the table of sizes and the budgets to them.
import { tsImport } from 'tsx/esm/api';

const { appNames, configOf } = await tsImport('./tools/build/bundle.ts', import.meta.url);

export default appNames().map((name) => configOf(name));
