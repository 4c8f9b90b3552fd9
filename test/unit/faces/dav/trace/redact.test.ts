import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { redact } from '../../../../../src/faces/dav/trace/redact.js';
import { C, type ClarkName, D, NS } from '../../../../../src/formats/xml/names.js';
import { parseXml, type XmlElement, type XmlNode } from '../../../../../src/formats/xml/read.js';

const SEED = Number(process.env.TRACE_SEED ?? 20261123);
const SECRET = 'Meyer-Zwölf <geheim@example.test>';
const TRACES = ['Meyer', 'Zwölf', 'geheim', 'example'];

const around = fc.string({ maxLength: 8 });
const secret = fc.tuple(around, around).map(([before, after]) => `${before}${SECRET}${after}`);
const names = ['prop', 'href', 'sync-token', 'displayname', 'calendar-data', 'text-match', 'filter', 'depth', 'nresults'];
const known = fc
  .tuple(fc.constantFrom(...Object.values(NS)), fc.constantFrom(...names))
  .map(([ns, name]): ClarkName => `{${ns}}${name}`);
const foreign = around.map((name): ClarkName => `{urn:geheim}${name}geheim`);
const attributes = fc
  .array(fc.tuple(fc.constantFrom('name', 'start', 'collation', 'geheim'), secret), { maxLength: 2 })
  .map((list) => new Map(list.map(([name, value]) => [`{}${name}` as ClarkName, value])));
const { document } = fc.letrec<{ document: XmlElement; node: XmlNode }>((tie) => ({
  document: fc
    .tuple(fc.oneof(known, foreign), attributes, fc.array(tie('node'), { maxLength: 4 }))
    .map(([name, own, children]) => ({ name, attributes: own, children })),
  node: fc.oneof({ maxDepth: 5 }, secret, tie('document')),
}));

describe('what a trace shows of a DAV request', () => {
  it('is never a secret, in whatever text, attribute or element of others it lies', () => {
    fc.assert(
      fc.property(document, (root) => {
        const shown = JSON.stringify(redact(root));
        for (const trace of TRACES) assert.ok(!shown.includes(trace), `${trace} in ${shown}`);
      }),
      { seed: SEED, numRuns: Number(process.env.TRACE_RUNS ?? 2_000) },
    );
  });

  it('keeps what is asked for', () => {
    const query = `<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:X="urn:x">
      <D:prop><D:getetag/><X:secret/></D:prop>
      <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20270101T000000Z" end="later"/>
        <C:prop-filter name="SUMMARY"><C:text-match collation="i;octet">Kündigung</C:text-match></C:prop-filter>
      </C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`;
    assert.deepEqual(redact(parseXml(Buffer.from(query))), {
      'C:calendar-query': [
        { 'D:prop': [{ 'D:getetag': null }, { '(another element)': null }] },
        {
          'C:filter': [
            {
              'C:comp-filter': [
                { '@name': 'VCALENDAR' },
                {
                  'C:comp-filter': [
                    { '@name': 'VEVENT' },
                    { 'C:time-range': [{ '@start': '20270101T000000Z' }, { '@end': '(text 5)' }] },
                    {
                      'C:prop-filter': [
                        { '@name': 'SUMMARY' },
                        { 'C:text-match': [{ '@collation': 'i;octet' }, { text: '(text 9)' }] },
                      ],
                    },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
    const sync =
      '<D:sync-collection xmlns:D="DAV:"><D:sync-token>data:,1-2</D:sync-token><D:sync-level>1</D:sync-level></D:sync-collection>';
    assert.deepEqual(redact(parseXml(Buffer.from(sync))), {
      'D:sync-collection': [{ 'D:sync-token': [{ text: 'data:,1-2' }] }, { 'D:sync-level': [{ text: '1' }] }],
    });
  });

  it('fits into a line of a container log', () => {
    const hrefs = Array.from(
      { length: 5_000 },
      (): XmlElement => ({ name: D('href'), attributes: new Map(), children: ['/dav/x'] }),
    );
    const shown = JSON.stringify(redact({ name: C('calendar-multiget'), attributes: new Map(), children: hrefs }));
    assert.ok(shown.length < 20_000, `${shown.length}`);
    assert.match(shown, /\{"more":"\d{4}"\}/);
  });
});
