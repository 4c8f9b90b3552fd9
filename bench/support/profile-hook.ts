import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';

/** Loaded into the gateway by NODE_OPTIONS=--import: writes a CPU profile into BENCH_PROFILE when the process ends. */
const folder = process.env.BENCH_PROFILE ?? '.';
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: 500 });
session.post('Profiler.start');

process.on('exit', () => {
  session.post('Profiler.stop', (error, result) => {
    if (error) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${process.pid}.cpuprofile`), JSON.stringify(result.profile));
  });
});
