import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { onEnd } from './cleanup.js';

/** Answers to a command: untagged lines (without `* `), or a tagged verdict that begins with OK, NO or BAD; or says no more. */
export type ImapAnswer = readonly string[] | 'silence' | 'hang up';

/** The first rule whose pattern matches answers; capabilities, login and the like are answered anyway. */
export interface ImapScript {
  readonly capabilities?: string;
  readonly rules: readonly (readonly [RegExp, ImapAnswer])[];
}

const DEFAULTS: readonly (readonly [RegExp, ImapAnswer])[] = [
  [/^NAMESPACE/, ['NAMESPACE (("" "/")) NIL NIL']],
  [/^ID/, ['ID NIL']],
  [/^ENABLE (.*)/, ['ENABLED']],
  [/^LIST/, ['LIST (\\HasNoChildren) "/" INBOX']],
  [/^LSUB/, []],
  [/^(SELECT|EXAMINE)/, ['FLAGS (\\Seen)', '1 EXISTS', 'OK [UIDVALIDITY 7] ok', 'OK [UIDNEXT 2] ok', 'OK [READ-WRITE] done']],
  [/^LOGOUT/, ['BYE']],
];

/** An IMAP server that says what a test wants: for answers no real server would give on request. Ends with the test file. */
export async function startScriptedImap(
  script: ImapScript,
): Promise<{ readonly url: string; readonly commands: readonly string[] }> {
  const commands: string[] = [];
  const capabilities = script.capabilities ?? 'IMAP4rev1 ID NAMESPACE UIDPLUS';
  const rules = [...script.rules, [/^CAPABILITY/, [`CAPABILITY ${capabilities}`]] as const, ...DEFAULTS];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.setNoDelay(true).on('error', () => undefined));
    socket.write(`* OK [CAPABILITY ${capabilities}] ready\r\n`);
    let rest = '';
    socket.on('data', (data) => {
      const lines = (rest + data.toString('latin1')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) answer(socket, line, rules, commands);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `imap://127.0.0.1:${(server.address() as { port: number }).port}?tls=off`, commands };
}

function answer(socket: Socket, line: string, rules: ImapScript['rules'], commands: string[]): void {
  const [, tag, command] = /^(\S+) (.*)$/.exec(line) ?? [];
  if (tag === undefined || command === undefined) return;
  commands.push(command);
  const found = rules.find(([pattern]) => pattern.test(command))?.[1] ?? [];
  if (found === 'silence') return;
  if (found === 'hang up') {
    socket.destroy();
    return;
  }
  const verdict =
    found.find((text) => /^(OK|NO|BAD) /.test(text) && !/^OK \[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ)/.test(text)) ?? 'OK done';
  for (const text of found) if (text !== verdict) socket.write(`* ${text}\r\n`, 'latin1');
  socket.write(`${tag} ${verdict}\r\n`, 'latin1');
}
