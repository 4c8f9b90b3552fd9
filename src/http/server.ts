import { randomUUID } from 'node:crypto';
import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { DomainError } from '../domain/errors.js';
import type { Logger } from '../domain/types.js';
import { basicAuth, type OpenSession } from './auth.js';
import type { Health } from './health.js';
import { hangUpOnStall, perAccount } from './limits.js';
import type { Metrics } from './metrics.js';

/** A protocol face to be mounted. */
export interface Mount {
  /** Label in logs and metrics. */
  readonly face: string;
  readonly path: string;
  /** Which paths below it are meant, where not all are: the others' bodies stay unread. */
  readonly owns?: (path: string) => boolean;
  readonly router: RequestHandler;
  /** Largest body in bytes, after gzip is undone. */
  readonly maxBody: number;
  /** Which requests may come without credentials; `all`: the face needs none. */
  readonly anonymous: 'all' | ((req: Request) => boolean);
  /** Passed before the body is read. */
  readonly admit?: readonly RequestHandler[];
}

/** Requests of one account at a time, waiting ones included: a dozen programs with ten connections each. */
const PER_ACCOUNT = 120;
/** A client that takes nothing of its answer for so long is gone, in milliseconds; longer than the mail server may pause. */
const STALLED = 200_000;

export interface ServerOptions {
  readonly mounts: readonly Mount[];
  readonly openSession: OpenSession;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Whether `/metrics` is served beside the faces; otherwise on a port of its own. */
  readonly publicMetrics: boolean;
  readonly log: Logger & { child(fields: object): Logger };
  readonly trustProxy: boolean | number | string;
  /** Passed by every request of a face: makes its span. */
  readonly trace?: RequestHandler;
  /** Milliseconds after which a client that does not read its answer is hung up on. */
  readonly stalled?: number;
}

/** The Express application: request id and log line, health, then each face behind its login and body limit. */
export function createServerApp(options: ServerOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', options.trustProxy);
  app.use(requestLog(options));
  app.use(options.health.router);
  if (options.publicMetrics) app.get('/metrics', options.metrics.handler);
  if (options.trace) app.use(options.trace);
  const ofAccount = perAccount(PER_ACCOUNT);
  app.use(hangUpOnStall(options.stalled ?? STALLED));
  for (const mount of options.mounts) app.use(mount.path, mounted(mount, options, ofAccount));
  app.use((_req: Request, res: Response) => {
    res.status(404).end();
  });
  app.use(lastResort);
  return app;
}

function mounted(mount: Mount, options: ServerOptions, ofAccount: RequestHandler): RequestHandler {
  const stack = express.Router().use(face(mount), ...guards(mount, options, ofAccount), mount.router);
  return (req, res, next) => {
    if (mount.owns?.(req.path) ?? true) stack(req, res, next);
    else next();
  };
}

function guards(mount: Mount, options: ServerOptions, ofAccount: RequestHandler): RequestHandler[] {
  const body = [
    ...(mount.admit ?? []),
    refuseLarge(mount.maxBody),
    express.raw({ type: () => true, limit: mount.maxBody, inflate: true }),
    bufferBody,
  ];
  return mount.anonymous === 'all' ? body : [basicAuth(options.openSession, mount.anonymous), ofAccount, ...body];
}

/** A body that is announced too large is refused at once: the reader would wait for all of it first. */
function refuseLarge(limit: number): RequestHandler {
  return (req, res, next) => {
    if (Number(req.headers['content-length'] ?? 0) > limit) res.status(413).set('Connection', 'close').end();
    else next();
  };
}

/** Without a body express.raw leaves something else than a Buffer. */
const bufferBody: RequestHandler = (req, _res, next) => {
  if (!Buffer.isBuffer(req.body)) req.body = Buffer.alloc(0);
  next();
};

function face(mount: Mount): RequestHandler {
  return (_req, res, next) => {
    res.locals.face = mount.face;
    next();
  };
}

/** One line per request when it is answered: who, what, status, milliseconds; never a body, a query or a secret. */
function requestLog({ log, metrics }: ServerOptions): RequestHandler {
  return (req, res, next) => {
    const started = performance.now();
    const requestId = randomUUID();
    res.locals.requestId = requestId;
    res.locals.log = log.child({ requestId });
    res.setHeader('X-Request-Id', requestId);
    res.on('close', () => {
      const seconds = (performance.now() - started) / 1000;
      const { face: name = 'other', session, command, device } = res.locals;
      metrics.observe({ face: name, method: command ?? req.method, status: res.statusCode, seconds });
      const fields = { requestId, face: name, method: req.method, path: pathOf(req), command, account: session?.account, device };
      const done = { status: res.statusCode, ms: Math.round(seconds * 1000), aborted: !res.writableFinished || undefined };
      if (name !== 'other') log.info({ ...fields, ...done }, 'request');
    });
    next();
  };
}

/** The path that the client asked for: routers shorten `req.path`, and a query may hold names. */
function pathOf(req: Request): string {
  return req.originalUrl.replace(/\?.*/s, '');
}

const DOMAIN_STATUS: Partial<Record<DomainError['kind'], number>> = { unavailable: 503, 'too-large': 413, invalid: 400 };

/** What nobody else has answered. Nothing of an unknown error's text reaches the client. */
const lastResort: ErrorRequestHandler = (error: unknown, _req: Request, res: Response, _next: NextFunction) => {
  const status = statusOf(error);
  if (status >= 500) (res.locals.log as Logger | undefined)?.error({ error: describe(error) }, 'request failed');
  if (res.headersSent) {
    res.destroy();
    return;
  }
  if (error instanceof DomainError && error.details.retryAfter) res.set('Retry-After', String(error.details.retryAfter));
  res
    .status(status)
    .set('Connection', status === 413 ? 'close' : 'keep-alive')
    .end();
};

function statusOf(error: unknown): number {
  if (error instanceof DomainError) return DOMAIN_STATUS[error.kind] ?? 500;
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
