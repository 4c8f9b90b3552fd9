import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Loaded into the gateway by NODE_OPTIONS=--import: at SIGUSR2 it collects its garbage and moves together what stays, so that its
 * resident memory is what it holds. Without being asked it does the same within minutes when it is idle (`src/http/tidy.ts`).
 */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('SIGUSR2', () => {
  setFlagsFromString('--compact-on-every-full-gc');
  // What finalizers let go is found by the second.
  for (let round = 0; round < 2; round++) collect();
  setFlagsFromString('--no-compact-on-every-full-gc');
});
