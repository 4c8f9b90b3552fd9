import { connect, type Socket } from 'node:net';

/** Thousands of phones in one process of their own, each a bare socket: what they cost must not weigh on what is measured. */
export interface FleetPhone {
  readonly port: number;
  /** The whole HTTP request that waits. */
  readonly ping: Buffer;
}

export type FleetOrder =
  | {
      readonly kind: 'join';
      readonly phones: readonly { readonly port: number; readonly ping: string }[];
    }
  | { readonly kind: 'again' }
  | { readonly kind: 'take' }
  | { readonly kind: 'leave' };

export interface Answered {
  readonly phone: number;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly status: number;
}

export type FleetWord =
  | { readonly kind: 'joined'; readonly phones: number; readonly failed: number }
  | { readonly kind: 'taken'; readonly answers: readonly Answered[]; readonly cut: number };

/** New phones a second: a storm is another measure. */
const RATE = Number(process.env.WAIT_RATE ?? 200);
/** A phone that is told 503 comes again after so long. */
const AGAIN_MS = 10_000;

let answers: Answered[] = [];
let cut = 0;
const members: Member[] = [];

/** One phone: reads heads by their Content-Length, which is all that the gateway sends to these requests. */
class Member {
  private pending = 0;
  private head = '';

  constructor(
    private readonly number: number,
    private socket: Socket,
    private readonly wanted: FleetPhone,
  ) {
    this.listen();
  }

  private listen(): void {
    this.socket.on('data', (data) => this.read(data));
    this.socket.on('error', () => undefined).on('close', () => cut++);
  }

  ping(): void {
    this.socket.write(this.wanted.ping);
  }

  close(): void {
    this.socket.removeAllListeners('close').destroy();
  }

  private read(data: Buffer): void {
    if (this.pending > 0) {
      this.pending -= data.length;
      return;
    }
    this.head += data.toString('latin1');
    const end = this.head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.head.slice(0, end))?.[1] ?? 0);
    const status = Number(this.head.slice(9, 12));
    const refused = status >= 500;
    this.pending = length - (this.head.length - end - 4);
    this.head = '';
    answers.push({ phone: this.number, at: Date.now(), status });
    if (refused) this.later();
  }

  /** Refused for a while; where the gateway closed the connection there is a new one. */
  private later(): void {
    this.pending = 0;
    setTimeout(() => (this.socket.destroyed ? this.renew() : this.repeat()), AGAIN_MS);
  }

  private renew(): void {
    this.head = '';
    this.socket = connect(this.wanted.port, '127.0.0.1', () => this.repeat());
    this.listen();
  }

  private repeat(): void {
    this.socket.write(this.wanted.ping);
  }
}

async function join(phones: Extract<FleetOrder, { kind: 'join' }>['phones']): Promise<void> {
  let failed = 0;
  let at = 0;
  for (const phone of phones) {
    await new Promise<void>((resolve) => {
      const wanted = { port: phone.port, ping: Buffer.from(phone.ping, 'base64') };
      const socket = connect(phone.port, '127.0.0.1', () => {
        const member = new Member(members.length, socket, wanted);
        members.push(member);
        member.ping();
        resolve();
      });
      socket.once('error', () => {
        failed++;
        resolve();
      });
    });
    if (++at % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 20_000 / RATE));
  }
  tell({ kind: 'joined', phones: members.length, failed });
}

function tell(word: FleetWord): void {
  process.send?.(word);
}

process.on('message', (order: FleetOrder) => {
  if (order.kind === 'join') void join(order.phones);
  else if (order.kind === 'again') for (const member of members) member.ping();
  else if (order.kind === 'leave') for (const member of members.splice(0)) member.close();
  else {
    tell({ kind: 'taken', answers, cut });
    answers = [];
    cut = 0;
  }
});
process.on('disconnect', () => process.exit());
