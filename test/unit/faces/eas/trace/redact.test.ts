import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { redact } from '../../../../../src/faces/eas/trace/redact.js';
import { SHOWN } from '../../../../../src/faces/eas/trace/shown.js';
import { PAGES, type TagName } from '../../../../../src/formats/wbxml/pages.js';
import { type Element, el, type WbxmlNode } from '../../../../../src/formats/wbxml/tree.js';

const SEED = Number(process.env.TRACE_SEED ?? 20261123);
const RUNS = Number(process.env.TRACE_RUNS ?? 3_000);
const SECRET = 'Meyer-Zwölf <geheim@example.test>';

const TAGS = Object.entries(PAGES).flatMap(([page, { tokens }]) =>
  Object.keys(tokens).map((name) => `${page}:${name}` as TagName),
);
const tag = fc.constantFrom(...TAGS);
const around = fc.string({ maxLength: 6 });
const SPACES = ['', ' ', '\n', '0', '1;', '2027-01-01 '];
/** Any of the ways a secret can lie in a text: alone, in its parts, as bytes, encoded. */
const secret: fc.Arbitrary<WbxmlNode[]> = fc.tuple(around, fc.constantFrom(...SPACES), fc.constantFrom('text', 'bytes', 'split', 'base64')).map(
  ([before, space, form]): WbxmlNode[] => {
    const text = `${before}${space}${SECRET}`;
    if (form === 'bytes') return [Buffer.from(text)];
    if (form === 'base64') return [Buffer.from(text).toString('base64')];
    return form === 'split' ? [text.slice(0, 12), text.slice(12)] : [text];
  },
); // biome-ignore format: one table
const { document } = fc.letrec<{ document: Element; node: WbxmlNode[] }>((tie) => ({
  document: fc
    .tuple(tag, fc.array(tie('node'), { maxLength: 5 }))
    .map(([name, content]): Element => ({ tag: name, content: content.flat() })),
  node: fc.oneof({ maxDepth: 5, withCrossShrink: true }, secret, fc.string({ maxLength: 20 }).map((text) => [text]), tie('document').map((one) => [one])), // biome-ignore format: one line
}));

/** What must not be found: the secret's parts, and what base64 makes of its middle. */
const TRACES = ['Meyer', 'Zwölf', 'geheim', 'example', ...[0, 1, 2].map((shift) => Buffer.from(`${'x'.repeat(shift)}${SECRET}`).toString('base64').slice(8, 24))]; // biome-ignore format: one line

describe('what a trace shows of a document', () => {
  it('is never a secret, wherever in a document it lies', () => {
    fc.assert(
      fc.property(document, (root) => {
        const shown = JSON.stringify(redact(root));
        for (const trace of TRACES) assert.ok(!shown.includes(trace), `${trace} in ${shown}`);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('is for each text of a document what the table allows, or its length', () => {
    fc.assert(
      fc.property(tag, fc.oneof(fc.string(), fc.constantFrom('0', '17', '5:12', '2027-01-01T08:00:00.000Z', 'Email', 'IPM.Note')), (name, text) => {
        const shown = redact(el(name, text))[name];
        const allowed = SHOWN.get(name)?.test(text) === true;
        assert.equal(shown, allowed ? text : `(text ${text.length})`);
      }),
      { seed: SEED, numRuns: RUNS },
    ); // biome-ignore format: one property
  });

  it('keeps what an operator looks for, and nothing of what people wrote', () => {
    const key = '{0a1b2c3d-0a1b-4c3d-8e9f-0a1b2c3d4e5f}12';
    const root = el(
      'AirSync:Sync',
      el(
        'AirSync:Collection',
        el('AirSync:SyncKey', key),
        el('AirSync:CollectionId', '7'),
        el('AirSync:Status', 1),
        el('AirSync:MoreAvailable'),
        el('AirSync:Add', el('AirSync:ServerId', '7:12'), el('AirSync:ApplicationData', el('Email:Subject', 'Kündigung'),
          el('Email:From', 'chef@example.test'), el('Email:DateReceived', '2026-11-23T10:00:00.000Z'), el('Email:Read', false),
          el('AirSyncBase:Body', el('AirSyncBase:Type', 2), el('AirSyncBase:Data', Buffer.alloc(2048)))))), // biome-ignore format: a document
    );
    assert.deepEqual(redact(root), {
      'AirSync:Sync': [
        {
          'AirSync:Collection': [
            { 'AirSync:SyncKey': key },
            { 'AirSync:CollectionId': '7' },
            { 'AirSync:Status': '1' },
            { 'AirSync:MoreAvailable': null },
            {
              'AirSync:Add': [
                { 'AirSync:ServerId': '7:12' },
                {
                  'AirSync:ApplicationData': [
                    { 'Email:Subject': '(text 9)' },
                    { 'Email:From': '(text 17)' },
                    { 'Email:DateReceived': '2026-11-23T10:00:00.000Z' },
                    { 'Email:Read': '0' },
                    { 'AirSyncBase:Body': [{ 'AirSyncBase:Type': '2' }, { 'AirSyncBase:Data': '(bytes 2048)' }] },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('fits into a line of a container log, however large or deep the document is', () => {
    const wide = el(
      'AirSync:Sync',
      Array.from({ length: 20_000 }, () => el('AirSync:Status', 1)),
    );
    let deep = el('AirSync:Status', 1);
    for (let n = 0; n < 60; n++) deep = el('AirSync:Collection', deep);
    const [ofWide, ofDeep] = [JSON.stringify(redact(wide)), JSON.stringify(redact(deep))];
    assert.ok(ofWide.length < 16_000, `${ofWide.length}`);
    assert.match(ofWide, /\{"more":"1\d{4}"\}/);
    assert.match(ofDeep, /\{"more":"1"\}/);
  });

  it('has no element in its table for which people write the text', () => {
    const written =
      /(Subject|Body|Data|Name|Address|Location|Email\d?|Notes|Password|Number|Picture|Query|FreeText|Message|UID|Certificate)$/;
    const shown = [...SHOWN.keys()].filter((name) => written.test(name.split(':')[1]!) && name !== 'Search:Name');
    assert.deepEqual(shown.filter((name) => !name.startsWith('Provision:')), []); // biome-ignore format: one line
  });
});
