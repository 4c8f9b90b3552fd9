import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { neededExtensions, scriptData, type VacationPlan, vacationScript } from '../../../../src/formats/sieve/vacation.js';

const plan: VacationPlan = {
  from: null,
  until: null,
  internal: { type: 'plain', text: 'inside' },
  internalDomains: ['example.test'],
  known: null,
  knownAddresses: [],
  others: { type: 'html', text: '<p>outside</p>' },
  address: 'me@example.test',
  aliases: ['alias@example.test'],
};

describe('automatic replies as a Sieve script (RFC 5228, RFC 5230)', () => {
  it('replies by the domain of the sender', () => {
    const script = vacationScript('{}', plan, null);
    assert.match(script, /^require \["vacation"\];\r$/m);
    assert.match(script, /if address :domain :is "from" \["example\.test"\] \{ vacation :days 7 [^}]*"inside"; \}/);
    assert.match(script, /else \{ vacation [^}]*:mime "Content-Type: text\/html; charset=utf-8\r\n[^"]*<p>outside<\/p>"; \}/);
    assert.match(script, /:addresses \["me@example\.test", "alias@example\.test"\]/);
  });

  it('replies within its time only, and not to whom nothing is to be told', () => {
    const dates = { from: new Date('2026-12-24T00:00:00Z'), until: new Date('2027-01-02T08:30:00Z') };
    const script = vacationScript('{}', { ...plan, ...dates, others: null }, null);
    assert.match(script, /"ge" "iso8601" "2026-12-24T00:00:00\+00:00"/);
    assert.match(script, /"lt" "iso8601" "2027-01-02T08:30:00\+00:00"/);
    assert.match(script, /require \["vacation", "date", "relational"\]/);
    assert.match(script, /else \{ {2}\}/);
    assert.doesNotMatch(vacationScript('{}', { ...plan, internal: null, others: null }, null), /vacation :days|require/);
  });

  it('tells those whom the user knows from others', () => {
    const known = { type: 'plain', text: 'for friends' } as const;
    const script = vacationScript('{}', { ...plan, known, knownAddresses: ['friend@other.test'], others: null }, null);
    assert.match(script, /elsif address :is "from" \["friend@other\.test"\] \{ vacation [^}]*"for friends"; \}/);
  });

  it('goes on with another script', () => {
    const script = vacationScript('{}', null, 'my "own" filters');
    assert.match(script, /include :personal :optional "my \\"own\\" filters";\r\n$/);
    assert.deepEqual(neededExtensions(null, 'x'), ['include']);
    assert.deepEqual(neededExtensions({ ...plan, from: new Date() }, null), ['vacation', 'date', 'relational']);
  });

  it('a new text is a new reply for those who got the old one', () => {
    const handle = (text: string) =>
      /:handle "(\w+)"/.exec(vacationScript('', { ...plan, internal: { type: 'plain', text } }, null))?.[1];
    assert.notEqual(handle('a'), handle('b'));
    assert.equal(handle('a'), handle('a'));
  });

  it('keeps its data, and no text breaks out of its string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const script = vacationScript(text, { ...plan, internal: { type: 'plain', text } }, text);
        assert.equal(scriptData(script), Buffer.from(text).toString());
        // Outside of strings and comments nothing is left but what Sieve knows.
        const bare = script.replace(/^#.*$/gm, '').replace(/"(?:[^"\\]|\\.)*"/gs, '""');
        assert.match(bare, /^[\w\s[\]{},;:"]*$/);
      }),
    );
    assert.equal(scriptData('keep;'), null);
  });
});
