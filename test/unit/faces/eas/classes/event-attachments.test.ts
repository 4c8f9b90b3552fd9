import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventFileReference, eventFiles, readEventFile } from '../../../../../src/faces/eas/classes/event-attachments.js';
import { parseContentLines } from '../../../../../src/formats/content-lines.js';

const ID = '0f0e0d0c-0b0a-4908-8706-050403020100';
const files = { serverId: '7:12', isKept: (uri: string) => uri.startsWith('https://here.test/') };

const shown = (...lines: string[]) => {
  const [calendar] = parseContentLines(['BEGIN:VEVENT', ...lines, 'END:VEVENT', ''].join('\r\n'));
  assert.ok(calendar);
  return eventFiles(calendar, files);
};

describe('files of events as phones are shown them (MS-ASAIRS Attachment)', () => {
  test('a FileReference is read back; what is none of ours is null', () => {
    const name = { serverId: '7:12', key: `m${ID}` };
    assert.deepEqual(readEventFile(eventFileReference(name)), name);
    for (const other of ['', '7:12', '7:12:1.2', `7:12:x${ID}`, `7:12:m${ID}0`, `m${ID}`, `${'7'.repeat(65)}:1:m${ID}`])
      assert.equal(readEventFile(other), null, other);
  });

  test('kept ones by MANAGED-ID, inline ones by what they say, each once; links are left out', () => {
    const kept = `ATTACH;MANAGED-ID=${ID};SIZE=9;FILENAME=a.txt:https://here.test/a`;
    const inline = 'ATTACH;ENCODING=base64;VALUE=BINARY;X-FILENAME=b.txt:aW5saW5l';
    const found = shown(kept, kept, inline, inline, 'ATTACH:https://x.test/y', 'ATTACH:cid:part@x') ?? [];
    assert.deepEqual(
      found.map(({ name, size }) => [name, size]),
      [
        ['a.txt', 9],
        ['b.txt', 6],
      ],
    );
    assert.equal(found[0]?.reference, `7:12:m${ID}`);
    for (const { reference } of found) assert.equal(readEventFile(reference)?.serverId, '7:12');
  });

  test('what another server keeps, or what has no proper identifier, is not shown', () => {
    assert.deepEqual(shown(`ATTACH;MANAGED-ID=${ID}:https://elsewhere.test/a`, 'ATTACH;MANAGED-ID=../x:https://here.test/a'), []);
  });

  test('sizes that are no numbers are 0, names that are missing are made', () => {
    const [one] = shown(`ATTACH;MANAGED-ID=${ID};SIZE=many:https://here.test/a`) ?? [];
    assert.deepEqual([one?.name, one?.size], ['attachment', 0]);
  });
});
