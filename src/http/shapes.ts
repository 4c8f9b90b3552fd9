import http from 'node:http';
import type { Express, Request, Response } from 'express';

/**
 * Classes of requests and responses for an Express application, as options of `createServer`. Express changes the prototype of
 * each of these objects after it was made, and V8 then gives each a hidden class of its own: 2 KB more for as long as a
 * request waits. Objects that have Express's prototype from the beginning share one hidden class.
 */
export function shapesFor(app: Express): Required<Pick<http.ServerOptions, 'IncomingMessage' | 'ServerResponse'>> {
  class Incoming extends http.IncomingMessage {}
  class Outgoing extends http.ServerResponse {
    /** Express would make a table without a prototype, which takes six times the room. */
    readonly locals = {};
  }
  Object.setPrototypeOf(Incoming.prototype, app.request);
  Object.setPrototypeOf(Outgoing.prototype, app.response);
  app.request = Incoming.prototype as Request;
  app.response = Outgoing.prototype as unknown as Response;
  return { IncomingMessage: Incoming, ServerResponse: Outgoing as unknown as typeof http.ServerResponse };
}
