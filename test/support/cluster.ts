import { onEnd, temporaryFolder } from './cleanup.js';
import { type Cluster, startCluster, useCluster } from './postgres.js';

let cluster: Promise<Cluster> | undefined;

/** The cluster of this run (TEST_DATABASE_URL, set by script/test), or one of this process, stopped when its tests are over. */
export function testCluster(): Promise<Cluster> {
  cluster ??= open();
  return cluster;
}

/** Connection URL of a new, migrated, empty database, dropped when the tests of this file are over. */
export async function freshDatabase(): Promise<string> {
  const server = await testCluster();
  const url = await server.freshDatabase();
  onEnd(() => server.dropDatabase(url));
  return url;
}

async function open(): Promise<Cluster> {
  const shared = process.env.TEST_DATABASE_URL;
  const server = shared ? useCluster(shared) : await startCluster(await temporaryFolder('gw-pg'));
  onEnd(() => server.stop());
  return server;
}
