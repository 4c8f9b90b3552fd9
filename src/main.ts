import { startGateway } from './app.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { startEmbeddedPostgres } from './infra/db/embedded.js';
import { createLog } from './log.js';

/** How long requests under way may take to finish after SIGTERM, in milliseconds. */
const GRACE = 25_000;

async function main(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const embedded = config.databaseUrl === null ? await startEmbeddedPostgres({ dataDir: config.dataDir, log }) : null;
  const gateway = await startGateway(config, config.databaseUrl ?? (embedded?.url as string), log);
  log.info({ port: gateway.port, url: config.publicUrl }, 'listening');

  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    await gateway.stop(GRACE);
    await embedded?.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
}

try {
  await main(readConfig(process.env));
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
