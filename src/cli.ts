#!/usr/bin/env node
import { ConfigError, readConfig } from './config.js';
import { migrate, openDatabase } from './infra/db/data-source.js';

interface Verb {
  readonly help: string;
  run(args: readonly string[]): Promise<void>;
}

/** What `gateway VERB` does. */
const VERBS: Readonly<Record<string, Verb>> = {
  serve: {
    help: 'run the gateway, configured by the environment',
    run: async () => {
      await import('./main.js');
    },
  },
  migrate: {
    help: 'bring the schema of DATABASE_URL up to date and end',
    run: async () => {
      const { databaseUrl } = readConfig(process.env);
      if (databaseUrl === null) throw new ConfigError(['DATABASE_URL: missing']);
      const database = await openDatabase(databaseUrl, { poolSize: 2 });
      await migrate(database);
      await database.destroy();
    },
  },
};

function usage(): string {
  const verbs = Object.entries(VERBS).map(([name, { help }]) => `  gateway ${name.padEnd(10)} ${help}`);
  return ['usage:', ...verbs].join('\n');
}

const [name = '', ...args] = process.argv.slice(2);
const verb = VERBS[name];
if (!verb) {
  console.error(usage());
  process.exitCode = name === 'help' || name === '--help' ? 0 : 2;
} else {
  try {
    await verb.run(args);
  } catch (error) {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exitCode = 1;
  }
}
