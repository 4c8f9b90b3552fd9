import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { PASSWORD } from '../support/dovecot.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';
import { parseScript, runScript, type ScriptWorld } from '../support/eas-script.js';
import { repositoryRoot } from '../support/paths.js';

const FOLDER = join(repositoryRoot, 'test', 'scripts', 'eas');
const LONG = `<html><body>${'<p>Line of a long newsletter, äöü</p>'.repeat(4000)}<p>the very end</p></body></html>`;

const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

let world: World;
before(async () => {
  world = await startWorld();
});

/** What can happen besides the phone's requests. */
function deedsFor(user: string): ScriptWorld['deeds'] {
  const to = address(user);
  const deliver = (subject: string, more: object) => world.dovecot.deliver(to, message({ to, subject, ...more }));
  const inner = message({ subject: 'Inner', text: 'inside' });
  return {
    mail: (subject) => deliver(subject!, { text: `The text of ${subject}` }),
    long: (subject) => deliver(subject!, { html: LONG }),
    file: (subject) => deliver(subject!, { text: 'x', attachment: { name: 'a.bin', type: 'application/octet-stream', data: Buffer.from('file') } }),
    forwarded: (subject) => deliver(subject!, { text: 'x', attachment: { name: '', type: 'message/rfc822', data: Buffer.from(inner) } }),
    colleague: (name) => world.phone(name!, { deviceId: 'c' }),
  };
} // biome-ignore format: rows

describe('phones set up an account and sync, step by step (test/scripts/eas)', () => {
  for (const file of readdirSync(FOLDER)
    .filter((name) => name.endsWith('.txt'))
    .sort()) {
    test(file, async () => {
      const user = `u-${file.replace('.txt', '')}`;
      const mime = (subject: string) =>
        Buffer.from(message({ from: address(user), to: address('friend'), subject, text: 'sent' }));
      await runScript(
        parseScript(read(file), (part) => read(`parts/${part}.txt`)),
        {
          url: world.gateway.url,
          user: address(user),
          password: PASSWORD,
          deeds: deedsFor(user),
          values: { me: address(user), friend: address('friend'), run: `${user}-${Date.now().toString(36)}` },
          bytes: { mail: mime(`Sent by ${file}`), reply: mime(`Answer by ${file}`) },
        },
      );
    });
  }
});
