import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import { Notebooks } from '../../src/domain/mail/notebooks.js';
import type { Services } from '../../src/domain/services.js';
import { easRouter } from '../../src/faces/eas/endpoint.js';
import type { DavServer } from './dav-server.js';
import { EasPhone } from './eas-phone.js';
import { Tag, t } from './eas-phone-wbxml.js';
import { MemoryMail } from './memory-mail.js';
import { repositoryRoot } from './paths.js';

/** A row of test/fixtures/eas/elements.json. */
export interface ElementFacts {
  readonly document: 'MS-ASCNTC' | 'MS-ASCAL' | 'MS-ASTASK' | 'MS-ASNOTE';
  readonly section: string;
  readonly page: string;
  readonly name: string;
  readonly parent: string;
  readonly type: string;
  readonly from: string;
  readonly to: string;
  readonly only?: 'request' | 'response';
}

export const ELEMENTS = JSON.parse(
  readFileSync(join(repositoryRoot, 'test/fixtures/eas/elements.json'), 'utf8'),
) as readonly ElementFacts[];

export const EAS_VERSIONS = ['2.5', '12.0', '12.1', '14.0', '14.1', '16.0', '16.1'] as const;

/** Code page of a class, its folder type, the name in Class elements, and the name of the collection in DAV paths. */
export const CLASSES = {
  'MS-ASCNTC': { page: 'Contacts', folder: 9, kind: 'contacts' },
  'MS-ASCAL': { page: 'Calendar', folder: 8, kind: 'calendar' },
  'MS-ASTASK': { page: 'Tasks', folder: 7, kind: 'tasks' },
  'MS-ASNOTE': { page: 'Notes', folder: 10, kind: 'notes' },
} as const;

export type ClassName = keyof typeof CLASSES;

export interface EasFace {
  /** A phone of a user that is provisioned and knows its folders. */
  phone(address: string, version: string, device: string): Promise<ElementPhone>;
  close(): void;
}

/** The ActiveSync face over the services of a DAV server: both see the same items. */
export async function startEasOver(dav: DavServer): Promise<EasFace> {
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
      const [user = ''] = Buffer.from((req.headers.authorization ?? '').slice(6), 'base64')
        .toString()
        .split(':');
      const session = await dav.session(user);
      const device = new URL(req.url, 'http://x').searchParams.get('DeviceId') ?? '';
      Object.assign(res.locals, { session: { ...session, origin: `eas:${device}` }, log: services.log });
      router(req, res, next);
    },
  );
  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const phones: EasPhone[] = [];
  return {
    phone: async (address, version, device) => {
      const phone = new EasPhone({ url, user: address, password: 'secret', version, deviceId: device });
      phones.push(phone);
      await phone.provision();
      await phone.folderSync();
      return new ElementPhone(phone);
    },
    close: () => {
      for (const phone of phones) phone.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

const PAGE = 100;

/** A phone that adds items and reads what it is given, of any class. */
export class ElementPhone {
  readonly #keys = new Map<ClassName, string>();
  #count = 0;

  constructor(private readonly phone: EasPhone) {}

  /** Whether the folder of a class is there: notes come with 14.0. */
  knows(name: ClassName): boolean {
    return [...this.phone.folders.values()].some(({ type }) => type === String(CLASSES[name].folder));
  }

  /** Adds items. @returns the ServerId of each, or its Status where it was refused */
  async add(name: ClassName, items: readonly (readonly Tag[])[]): Promise<string[]> {
    const ids: string[] = [];
    for (let at = 0; at < items.length; at += PAGE) {
      const commands = items
        .slice(at, at + PAGE)
        .map((item) => t('AirSync:Add', t('AirSync:ClientId', `c${++this.#count}`), t('AirSync:ApplicationData', item)));
      const collection = await this.#sync(name, commands);
      const replies = collection.child('AirSync:Responses')?.kids ?? [];
      ids.push(...replies.map((reply) => reply.text('AirSync:ServerId') ?? `Status ${reply.text('AirSync:Status')}`));
    }
    return ids;
  }

  /** Changes or deletes one occurrence of a series (16.0 and later). @returns the Status */
  async changeInstance(name: ClassName, id: string, instance: string, item: readonly Tag[]): Promise<string> {
    const isGone = item.some((tag) => tag.name === 'Calendar:Deleted');
    const command = t(
      isGone ? 'AirSync:Delete' : 'AirSync:Change',
      t('AirSync:ServerId', id),
      t('AirSyncBase:InstanceId', instance),
      isGone ? undefined : t('AirSync:ApplicationData', item),
    );
    const collection = await this.#sync(name, [command]);
    return collection.child('AirSync:Responses')?.kids[0]?.text('AirSync:Status') ?? '1';
  }

  /** ApplicationData of everything that is new or changed, by ServerId. */
  async receive(name: ClassName): Promise<Map<string, Tag>> {
    const found = new Map<string, Tag>();
    for (let more = true; more; ) {
      const collection = await this.#sync(name, []);
      for (const command of collection.child('AirSync:Commands')?.kids ?? []) {
        const data = command.child('AirSync:ApplicationData');
        if (data) found.set(command.text('AirSync:ServerId') ?? '', data);
      }
      more = collection.child('AirSync:MoreAvailable') !== undefined;
    }
    return found;
  }

  async #sync(name: ClassName, commands: readonly Tag[]): Promise<Tag> {
    if (!this.#keys.has(name)) {
      this.#keys.set(name, '0');
      await this.#sync(name, []);
    }
    const key = this.#keys.get(name) as string;
    const { tree } = await this.phone.command('Sync', this.#request(name, key, commands));
    const collection = tree?.child('AirSync:Collections', 'AirSync:Collection');
    if (tree === undefined) return new Tag('AirSync:Collection', []);
    if (collection?.text('AirSync:Status') !== '1') throw new Error(`Sync of ${name}: ${tree}`);
    this.#keys.set(name, collection.text('AirSync:SyncKey') as string);
    return collection;
  }

  #request(name: ClassName, key: string, commands: readonly Tag[]): Tag {
    const version = Number(this.phone.version);
    const { page, folder } = CLASSES[name];
    const isFirst = key === '0';
    const options =
      version < 12
        ? t('AirSync:Options', t('AirSync:Truncation', 9))
        : t('AirSync:Options', t('AirSyncBase:BodyPreference', t('AirSyncBase:Type', 1), t('AirSyncBase:TruncationSize', 9999)));
    const collection = t(
      'AirSync:Collection',
      version < 14 ? t('AirSync:Class', page) : undefined,
      t('AirSync:SyncKey', key),
      t('AirSync:CollectionId', this.phone.folder(folder).id),
      isFirst ? undefined : t('AirSync:GetChanges', commands.length === 0 ? 1 : 0),
      isFirst ? undefined : t('AirSync:WindowSize', 512),
      isFirst ? undefined : options,
      commands.length === 0 ? undefined : t('AirSync:Commands', commands),
    );
    return t('AirSync:Sync', t('AirSync:Collections', collection));
  }
}
