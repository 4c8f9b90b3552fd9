import type { Pool, PoolClient } from 'pg';
import type { Tracing } from '../../domain/tracing.js';

// biome-ignore lint/suspicious/noExplicitAny: methods of others with whatever they take
type Method = (...args: any[]) => unknown;

/** A span for each SQL statement, by its name: values and texts stay here. */
export function traceStatements(pool: Pool, tracing: Tracing): void {
  const known = new WeakSet<PoolClient>();
  const traced = (query: Method): Method => {
    // With a callback it is the pool's own inner call, which runs in a foreign context, or one that has a span already.
    return (...args) => {
      if (typeof args.at(-1) === 'function') return query(...args);
      const facts = { 'db.system.name': 'postgresql', 'db.operation.name': operationOf(args[0]) };
      return tracing.within('client', `SQL ${facts['db.operation.name']}`, facts, () => query(...args) as Promise<unknown>);
    };
  };
  const connect = pool.connect.bind(pool) as Method;
  pool.query = traced(pool.query.bind(pool) as Method) as Pool['query'];
  pool.connect = ((...args: unknown[]) => {
    if (args.length > 0) return connect(...args);
    return (connect() as Promise<PoolClient>).then((client) => {
      if (!known.has(client)) client.query = traced(client.query.bind(client) as Method) as PoolClient['query'];
      known.add(client);
      return client;
    });
  }) as Pool['connect'];
}

/** The name of a named statement, the first word of another. */
function operationOf(query: unknown): string {
  if (typeof query === 'object' && query !== null && 'name' in query && typeof query.name === 'string') return query.name;
  return typeof query === 'string' ? (/^\s*(\w{1,20})/.exec(query)?.[1]?.toUpperCase() ?? 'query') : 'query';
}
