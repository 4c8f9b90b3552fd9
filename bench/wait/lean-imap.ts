import { createServer, type Socket } from 'node:net';

/**
 * A mail server that costs next to nothing, as a process of its own: one INBOX per login name, any password, CONDSTORE and
 * LIST-STATUS. It stands for Dovecot where ten thousand mailboxes wait at once. Told over IPC what to do.
 */
export type ImapOrder =
  | { readonly kind: 'arrive'; readonly users: readonly string[] }
  /** Answers with the commands since the last time, by name. */
  | { readonly kind: 'take' }
  /** Closes the connections on which nobody listens. */
  | { readonly kind: 'hangUp' };

export type ImapWord =
  | { readonly kind: 'listening'; readonly port: number }
  | {
      readonly kind: 'taken';
      readonly commands: Readonly<Record<string, number>>;
      readonly connections: number;
      /** Those of them that are in IDLE. */
      readonly idling: number;
    };

interface Box {
  messages: number;
  modseq: number;
  readonly idling: Set<Socket>;
}

const CAPABILITIES = 'IMAP4rev1 ID NAMESPACE UIDPLUS CONDSTORE ENABLE IDLE LIST-EXTENDED LIST-STATUS SPECIAL-USE MOVE';
const UIDVALIDITY = 7;

const boxes = new Map<string, Box>();
let commands: Record<string, number> = {};
let connections = 0;
const sessions = new Set<Session>();

class Session {
  box: Box | undefined;
  idleTag: string | null = null;
  rest = '';

  constructor(readonly socket: Socket) {}

  line(text: string): void {
    if (this.idleTag !== null) {
      const tag = this.idleTag;
      this.idleTag = null;
      this.box?.idling.delete(this.socket);
      this.send(`${tag} OK done`);
      return;
    }
    const [, tag = '*', name = '', rest = ''] = /^(\S+) ((?:UID )?\S+) ?(.*)$/i.exec(text) ?? [];
    const command = name.toUpperCase();
    commands[command] = (commands[command] ?? 0) + 1;
    if (command === 'IDLE') {
      this.idleTag = tag;
      this.box?.idling.add(this.socket);
      this.send('+ idling');
      return;
    }
    const untagged = this.answers(command, rest).map((answer) => `* ${answer}\r\n`);
    this.send(`${untagged.join('')}${tag} OK ${command === 'SELECT' ? '[READ-WRITE] ' : ''}done`);
    if (command === 'LOGOUT') this.socket.end();
  }

  private answers(command: string, rest: string): string[] {
    const box = this.box ?? { messages: 0, modseq: 1, idling: new Set() };
    const status = `(MESSAGES ${box.messages} UIDNEXT ${box.messages + 1} UIDVALIDITY ${UIDVALIDITY} HIGHESTMODSEQ ${box.modseq})`;
    switch (command) {
      case 'CAPABILITY':
        return [`CAPABILITY ${CAPABILITIES}`];
      case 'LOGIN':
        this.box = boxOf(/^"?([^" ]+)/.exec(rest)?.[1] ?? '');
        return [];
      case 'ID':
        return ['ID NIL'];
      case 'NAMESPACE':
        return ['NAMESPACE (("" "/")) NIL NIL'];
      case 'ENABLE':
        return ['ENABLED CONDSTORE'];
      case 'LIST':
        return ['LIST (\\HasNoChildren) "/" INBOX', ...(/STATUS/.test(rest) ? [`STATUS INBOX ${status}`] : [])];
      case 'STATUS':
        return [`STATUS INBOX ${status}`];
      case 'SELECT':
      case 'EXAMINE':
        return [
          'FLAGS (\\Seen \\Answered \\Flagged \\Deleted)',
          `${box.messages} EXISTS`,
          `OK [UIDVALIDITY ${UIDVALIDITY}] ok`,
          `OK [UIDNEXT ${box.messages + 1}] ok`,
          `OK [HIGHESTMODSEQ ${box.modseq}] ok`,
        ];
      case 'UID FETCH': {
        const from = Number(/^(\d+)/.exec(rest)?.[1] ?? 1);
        const found: string[] = [];
        for (let uid = Math.max(1, from); uid <= box.messages; uid++)
          found.push(`${uid} FETCH (UID ${uid} FLAGS () MODSEQ (${box.modseq}))`);
        return found;
      }
      case 'UID SEARCH':
      case 'SEARCH':
        return [`SEARCH ${Array.from({ length: box.messages }, (_, n) => n + 1).join(' ')}`];
      default:
        return [];
    }
  }

  private send(text: string): void {
    this.socket.write(`${text}\r\n`);
  }
}

function boxOf(user: string): Box {
  const box = boxes.get(user) ?? { messages: 0, modseq: 1, idling: new Set<Socket>() };
  boxes.set(user, box);
  return box;
}

function arrive(user: string): void {
  const box = boxOf(user);
  box.messages++;
  box.modseq++;
  for (const socket of box.idling) socket.write(`* ${box.messages} EXISTS\r\n`);
}

function tell(word: ImapWord): void {
  process.send?.(word);
}

// Without noDelay each second small write would wait 40 ms for the other side's acknowledgement.
const server = createServer({ noDelay: true }, (socket) => {
  connections++;
  const session = new Session(socket);
  sessions.add(session);
  socket.on('error', () => undefined);
  socket.on('close', () => {
    connections--;
    sessions.delete(session);
    session.box?.idling.delete(socket);
  });
  socket.on('data', (data) => {
    const lines = (session.rest + data.toString('latin1')).split('\r\n');
    session.rest = lines.pop() ?? '';
    for (const line of lines) session.line(line);
  });
  socket.write(`* OK [CAPABILITY ${CAPABILITIES}] ready\r\n`);
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  tell({ kind: 'listening', port: typeof address === 'object' && address ? address.port : 0 });
});
process.on('message', (order: ImapOrder) => {
  if (order.kind === 'arrive') for (const user of order.users) arrive(user);
  else if (order.kind === 'hangUp') {
    for (const { idleTag, socket } of sessions) if (idleTag === null) socket.end();
  } else {
    const idling = [...sessions].filter(({ idleTag }) => idleTag !== null).length;
    tell({ kind: 'taken', commands, connections, idling });
    commands = {};
  }
});
process.on('disconnect', () => process.exit());
