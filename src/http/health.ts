import { Router } from 'express';

/** Liveness and readiness of the process. */
export interface Health {
  readonly router: Router;
  /** From now on `/readyz` says no, so that no new requests are sent here. */
  drain(): void;
}

/** `/healthz`: the process runs. `/readyz`: `ready` agrees (database reachable, schema up to date) and it does not drain. */
export function createHealth(ready: () => Promise<boolean>): Health {
  let draining = false;
  const router = Router();
  router.get('/healthz', (_req, res) => {
    res.type('text/plain').send('ok\n');
  });
  router.get('/readyz', async (_req, res) => {
    const fine = !draining && (await ready().catch(() => false));
    res
      .status(fine ? 200 : 503)
      .type('text/plain')
      .send(fine ? 'ready\n' : draining ? 'draining\n' : 'not ready\n');
  });
  return {
    router,
    drain: () => {
      draining = true;
    },
  };
}
