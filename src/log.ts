import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel } from './config.js';

/** Names of fields that could hold a secret; their values never reach the log, however deep they sit. */
const SECRETS = ['password', 'pass', 'authorization', 'credentials', 'accessToken', 'secret'];

/** JSON lines on stdout. */
export function createLog(level: LogLevel, destination?: DestinationStream): PinoLogger {
  const options = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '***' },
  };
  return destination ? pino(options, destination) : pino(options);
}
