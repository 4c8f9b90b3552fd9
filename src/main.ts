import cluster from 'node:cluster';
import http from 'node:http';
import { startGateway } from './app.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { clusterMetrics } from './http/metrics.js';
import { tidyWhenIdle } from './http/tidy.js';
import { migrate, openDatabase } from './infra/db/data-source.js';
import { startEmbeddedPostgres } from './infra/db/embedded.js';
import { createLog } from './log.js';
import { startWorkers, workersListen } from './workers.js';

/** How long requests under way may take to finish after SIGTERM, in milliseconds. */
const GRACE = 25_000;

type Log = ReturnType<typeof createLog>;
type Stop = () => Promise<void>;

/** The only process, or one of the workers. */
async function runGateway(config: Config, log: Log): Promise<Stop> {
  const embedded = config.databaseUrl === null ? await startEmbeddedPostgres({ dataDir: config.dataDir, log }) : null;
  const gateway = await startGateway(config, config.databaseUrl ?? (embedded?.url as string), log);
  log.info({ port: gateway.port, url: config.publicUrl }, 'listening');
  const untidy = tidyWhenIdle();
  return async () => {
    untidy();
    await gateway.stop(GRACE);
    await embedded?.stop();
  };
}

/** The process that starts the workers: has the embedded database, brings the schema up to date, and adds up the metrics. */
async function runPrimary(config: Config, log: Log): Promise<Stop> {
  const embedded = config.databaseUrl === null ? await startEmbeddedPostgres({ dataDir: config.dataDir, log }) : null;
  const databaseUrl = config.databaseUrl ?? (embedded?.url as string);
  const database = await openDatabase(databaseUrl, { poolSize: 2 });
  await migrate(database);
  await database.destroy();
  const workers = startWorkers(config.workers, { DATABASE_URL: databaseUrl }, log);
  const metrics = config.metricsPort === null ? null : await serveMetrics(config.metricsPort, config.host);
  return async () => {
    metrics?.close();
    await workers.stop(GRACE + 2_000);
    await embedded?.stop();
  };
}

async function serveMetrics(port: number, host: string): Promise<http.Server> {
  const server = http.createServer((_req, res) => {
    workersListen()
      .then(clusterMetrics)
      .then(
        ({ type, text }) => res.setHeader('Content-Type', type).end(text),
        () => res.writeHead(500).end(),
      );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return server;
}

async function main(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const primary = config.workers > 1 && cluster.isPrimary;
  const stop = await (primary ? runPrimary(config, log) : runGateway(config, log));
  let stopping = false;
  const end = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    await stop();
    process.exit(0);
  };
  // Ctrl-C reaches workers too; there the primary decides.
  for (const signal of ['SIGTERM', ...(cluster.isPrimary ? ['SIGINT'] : [])]) process.on(signal, () => void end(signal));
  if (cluster.isWorker) process.on('SIGINT', () => undefined);
}

try {
  await main(readConfig(process.env));
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
