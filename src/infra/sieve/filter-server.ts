import type { FilterScripts, FilterServer } from '../../domain/accounts/out-of-office.js';
import { DomainError } from '../../domain/errors.js';
import type { Scope } from '../../domain/types.js';
import type { ServerUrl } from '../imap/url.js';
import { SieveClient } from './client.js';

/** Filter scripts over ManageSieve, a connection for each piece of work: it happens a few times a year. */
export class ManageSieveServer implements FilterServer {
  /** `serverOf` gives the server of a login name, null where there is none. */
  constructor(private readonly serverOf: (username: string) => ServerUrl | null) {}

  serves({ credentials }: Scope): boolean {
    return credentials !== undefined && this.serverOf(credentials.username) !== null;
  }

  async run<T>({ credentials }: Scope, work: (scripts: FilterScripts) => Promise<T>): Promise<T> {
    if (!credentials) throw new DomainError('unauthenticated', 'no credentials for the mail server');
    const server = this.serverOf(credentials.username);
    if (!server) throw new DomainError('unavailable', 'the mail server has no filter scripts', { reason: 'mail-server' });
    const client = await SieveClient.connect(server, credentials);
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }
}
