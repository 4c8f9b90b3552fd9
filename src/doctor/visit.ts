import { type Answer, type Ask, exchange } from './exchange.js';
import { DoctorPhone } from './phone.js';

/** Whom and what to look at. */
export interface Patient {
  readonly address: string;
  /** Login name; mostly the address. */
  readonly login: string;
  readonly password: string;
  /** Where the server is reached, without a path. */
  readonly url: URL;
  /** Seconds that a waiting request must last. */
  readonly hold: number;
  /** Size of a request body that must pass, in bytes. */
  readonly body: number;
  /** Seconds for any other answer. */
  readonly timeout: number;
  /** PEM text of further authorities. */
  readonly ca?: string;
  /** Send the password even where the certificate is not trusted. */
  readonly insecure: boolean;
}

/** One run of all checks: what they share. */
export class Visit {
  readonly phone: DoctorPhone;
  /** Paths of the DAV side, as they become known. */
  readonly dav: { context: string; principal?: string; homes: string[]; collection?: string } = { context: '/dav/', homes: [] };

  constructor(
    readonly patient: Patient,
    readonly now: () => Date = () => new Date(),
  ) {
    this.phone = new DoctorPhone(this);
  }

  /** A request to a path of the server, or to another address. */
  ask(path: string | URL, ask: Omit<Ask, 'timeout'> & { readonly timeout?: number }): Promise<Answer> {
    const { url, timeout, ca, insecure } = this.patient;
    return exchange(new URL(path, url), { timeout: timeout * 1000, insecure, ...(ca && { ca }), ...ask });
  }

  /** The same with the user's name and password. */
  askAsUser(path: string, ask: Omit<Ask, 'timeout'> & { readonly timeout?: number }): Promise<Answer> {
    return this.ask(path, { ...ask, headers: { ...this.credentials(), ...ask.headers } });
  }

  credentials(): Record<string, string> {
    const { login, password } = this.patient;
    return { Authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`, 'User-Agent': 'GatewayCheck/1.0' };
  }
}
