import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express';
import type { Device, DevicePatch } from '../../domain/devices/model.js';
import { tracedUntil, traceOrder } from '../../domain/devices/trace.js';
import { DomainError, type ErrorKind } from '../../domain/errors.js';
import { HIERARCHY } from '../../domain/notify/hub.js';
import type { Collection, ItemVersion } from '../../domain/pim/model.js';
import type { Services } from '../../domain/services.js';
import type { Session } from '../../domain/types.js';
import { summaryOf } from './summary.js';

type Handle = (s: Session, req: Request) => Promise<unknown>;

/** Most versions of one answer. */
const MAX_VERSIONS = 500;

/**
 * What users do for themselves, as JSON: bring back what was deleted or overwritten, see and wipe their devices.
 * Needs `res.locals.session`; requests that change something must be sent as `application/json`, which no foreign page can do.
 */
export function webRouter(services: Services): Router {
  const { pim, devices } = services;
  const router = Router();
  const collectionOf = (s: Session, req: Request) => pim.collection(s, text(req.params.id));

  router.get(
    '/collections',
    answer(async (s) => (await pim.collections(s)).map(collectionJson)),
  );
  router.get(
    '/collections/:id/versions',
    answer(async (s, req) => {
      const of = req.query.item === undefined ? { since: moment(req.query.since) } : { item: number(req.query.item) };
      return (await pim.versions(s, await collectionOf(s, req), of, MAX_VERSIONS)).map(versionJson);
    }),
  );
  router.get(
    '/collections/:id/restore-points',
    answer(async (s, req) => pim.restorePoints(s, await collectionOf(s, req))),
  );
  router.post(
    '/collections/:id/restore',
    change(async (s, req) => {
      const { item, seq } = body(req);
      const collection = await collectionOf(s, req);
      const versions = await pim.versions(s, collection, { item: number(item) });
      const version = versions.find((found) => found.seq === number(seq));
      if (!version) throw new DomainError('not-found', 'no such version');
      const { item: restored } = await pim.restore(s, collection, version);
      return { item: restored.id, name: restored.name };
    }),
  );
  router.post(
    '/collections/:id/restore-deleted',
    change(async (s, req) => {
      return { restored: await pim.restoreDeleted(s, await collectionOf(s, req), number(body(req).since)) };
    }),
  );

  router.get(
    '/devices',
    answer(async (s) => (await devices.list(s)).map((device) => deviceJson(device, services.clock.now()))),
  );
  router.get(
    '/devices/:id/left-out',
    answer((s, req) => devices.leftOut(s, text(req.params.id))),
  );
  router.post(
    '/devices/:id',
    change(async (s, req) => {
      const { wipe, blocked, trace } = body(req);
      const now = services.clock.now();
      const id = text(req.params.id);
      if (!(await devices.open(s, id, []))) throw new DomainError('not-found', 'no such device');
      const changed = { ...wipeOf(wipe), ...(typeof blocked === 'boolean' ? { blocked } : {}), ...traceOf(trace, now) };
      const saved = await devices.save(s, id, changed);
      // A device that waits for changes is to hear of it now.
      services.hub.publish(s.account, HIERARCHY);
      return deviceJson(saved, now);
    }),
  );
  router.use(failed);
  return router;
}

function answer(handle: Handle): RequestHandler {
  return async (req, res) => {
    res.set('Cache-Control', 'no-store').json(await handle(session(res), req));
  };
}

function change(handle: Handle): RequestHandler {
  const respond = answer(handle);
  return (req, res, next) => {
    if (req.is('application/json')) return respond(req, res, next);
    res.status(415).end();
  };
}

function session(res: Response): Session {
  return { ...(res.locals.session as Session), origin: 'web' };
}

const STATUS: Partial<Record<ErrorKind, number>> = {
  invalid: 400,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  unavailable: 503,
};

const failed: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  const status = error instanceof DomainError ? STATUS[error.kind] : undefined;
  if (status === undefined) next(error);
  else res.status(status).json({ error: (error as Error).message });
};

function body(req: Request): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse((req.body as Buffer).toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // falls through: not an object either
  }
  throw new DomainError('invalid', 'the body is no JSON object');
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new DomainError('invalid', 'a parameter is missing');
  return value;
}

/** A counter or an identifier: decimal digits. */
function number(value: unknown): string {
  if (typeof value !== 'string' || !/^\d{1,18}$/.test(value)) throw new DomainError('invalid', 'a number (as text) is missing');
  return value;
}

function moment(value: unknown): Date {
  const date = new Date(typeof value === 'string' ? value : 0);
  if (Number.isNaN(date.getTime())) throw new DomainError('invalid', 'since is no date');
  return date;
}

function wipeOf(value: unknown): Partial<Pick<Device, 'wipe' | 'policyKey'>> {
  if (value === undefined) return {};
  if (value === 'device') return { wipe: 'pending', policyKey: 0 };
  if (value === 'account') return { wipe: 'account-pending', policyKey: 0 };
  if (value === 'none') return { wipe: 'none' };
  throw new DomainError('invalid', 'wipe is device, account or none');
}

/** `true`, or for how many minutes; `false`: off. */
function traceOf(value: unknown, now: Date): DevicePatch {
  if (value === undefined) return {};
  if (typeof value !== 'boolean' && typeof value !== 'number') throw new DomainError('invalid', 'trace is a number or a boolean');
  return traceOrder(value !== false, now, typeof value === 'number' ? value : undefined);
}

function collectionJson({ id, kind, name, access, owner }: Collection): object {
  return { id, kind, name, access, owner: owner?.address };
}

function versionJson(version: ItemVersion): object {
  const { item, seq, name, component, deleted, replacedBy, replacedAt } = version;
  return { item, seq, name, component, deleted, replacedBy, replacedAt, summary: summaryOf(version.text) };
}

function deviceJson(device: Device, now: Date): object {
  const { id, type, userAgent, protocol, information, compliance, wipe, blocked } = device;
  const names = { model: information.Model, name: information.FriendlyName };
  return {
    id,
    type,
    userAgent,
    protocol,
    ...names,
    compliance: compliance || null,
    wipe,
    blocked,
    traceUntil: tracedUntil(device, now),
  };
}
