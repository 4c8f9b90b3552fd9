import type { RequestHandler, Response } from 'express';
import type { ParkedSpans, SpanFacts, SpanHandle, Tracing } from '../domain/tracing.js';

/**
 * A span for each request, named by face and command or method. One that is parked has its span ended, so that a phone that
 * waits holds none; a further one, linked to it, is the making of the answer. Puts `ParkedSpans` into `res.locals.spans`.
 */
export function traceRequests(tracing: Tracing): RequestHandler {
  return (req, res, next) => {
    let span: SpanHandle | undefined = tracing.begin('server', { headers: req.headers });
    let before: SpanHandle | undefined;
    const nameOf = () => `${res.locals.face ?? 'other'} ${res.locals.command ?? req.method}`;
    const spans: ParkedSpans = {
      parked() {
        span?.end(nameOf(), { ...factsOf(req.method, res), 'gateway.parked': true }, false);
        before = span ?? before;
        span = undefined;
      },
      resumed(work) {
        span = tracing.begin('server', { after: before });
        span.run(work);
      },
    };
    res.locals.spans = spans;
    res.once('close', () => {
      const resumed = before ? { 'gateway.resumed': true } : {};
      const answered = { ...factsOf(req.method, res), ...resumed, 'http.response.status_code': res.statusCode };
      span?.end(nameOf(), answered, res.statusCode >= 500);
      span = undefined;
    });
    span.run(next);
  };
}

/** Neither path nor query: both can name what people wrote. The log has the path under the same request id. */
function factsOf(method: string, { locals }: Response): SpanFacts {
  return {
    'http.request.method': method,
    'gateway.face': locals.face,
    'gateway.command': locals.command,
    'gateway.request_id': locals.requestId,
    'gateway.account': locals.session?.account,
    'gateway.device': locals.device,
  };
}
