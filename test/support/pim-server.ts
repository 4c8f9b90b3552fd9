import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Notebooks } from '../../src/domain/mail/notebooks.js';
import type { Services } from '../../src/domain/services.js';
import type { Session } from '../../src/domain/types.js';
import { easRouter } from '../../src/faces/eas/endpoint.js';
import { type DavServer, startDavServer } from './dav-server.js';
import { EasPhone } from './eas-phone.js';
import type { PhoneIdentity } from './eas-phone-wire.js';
import { MemoryMail } from './memory-mail.js';

/** CalDAV, CardDAV and ActiveSync over one real database, in this process; the mailbox is empty and in memory. */
export interface PimServer extends DavServer {
  /** Moves a user to a time zone. */
  live(address: string, zone: string): Promise<Session>;
  /** A provisioned phone that knows the folders. */
  phone(address: string, identity: Partial<PhoneIdentity>): Promise<EasPhone>;
}

export async function startPimServer(): Promise<PimServer> {
  const dav = await startDavServer();
  const mail = new MemoryMail();
  const services = {
    ...dav.services,
    mail,
    notebooks: new Notebooks(mail, dav.services.clock),
    outOfOffice: { isAvailable: () => false },
  } as unknown as Services;
  const router = easRouter(services);
  const app = express().use(
    '/Microsoft-Server-ActiveSync',
    express.raw({ type: () => true, limit: '64mb' }),
    async (req, res, next) => {
      if (!Buffer.isBuffer(req.body)) req.body = Buffer.alloc(0);
      const login = Buffer.from((req.headers.authorization ?? '').slice(6), 'base64').toString();
      Object.assign(res.locals, { session: await dav.session(login.slice(0, login.indexOf(':'))), log: services.log });
      router(req, res, next);
    },
  );
  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const phones: EasPhone[] = [];
  return {
    ...dav,
    live: async (address, zone) => {
      const session = await dav.session(address);
      Object.assign(session.user, { zone });
      return session;
    },
    phone: async (address, identity) => {
      await dav.session(address);
      const phone = new EasPhone({ url, user: address, password: 'secret', ...identity });
      phones.push(phone);
      await phone.provision();
      await phone.folderSync();
      return phone;
    },
    close: async () => {
      for (const phone of phones) phone.close();
      server.closeAllConnections();
      server.close();
      await dav.close();
    },
  };
}
