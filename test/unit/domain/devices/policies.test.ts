import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PolicyProblems, readPolicies } from '../../../../src/domain/devices/policies.js';

const device = (type: string, userAgent = '', address = 'a@example.test') => ({ type, userAgent, address });

describe('readPolicies', () => {
  it('gives the first family that fits by type, program and address; `*` stands for anything', () => {
    const book = readPolicies({
      families: [
        { name: 'boss', addresses: ['boss@example.test'] },
        { name: 'pads', devices: ['iPad', 'Tab*'], userAgents: ['Apple-*'] },
        { name: 'dots', devices: ['a.b+c'] },
      ],
    });
    const name = (...facts: Parameters<typeof device>) => book.for(device(...facts)).name;
    assert.equal(name('iPad', 'Apple-iPad1/2', 'Boss@example.test'), 'boss');
    assert.equal(name('ipad', 'Apple-iPad1/2'), 'pads');
    assert.equal(name('Tablet9', 'apple-x'), 'pads');
    assert.equal(name('iPad', 'Other'), 'open');
    assert.equal(name('iPad mini', 'Apple-x'), 'open');
    assert.equal(name('aXbbc'), 'open');
    assert.equal(name('a.b+c'), 'dots');
  });

  it('keeps only what asks for something; the same demands have the same identifier', () => {
    const one = readPolicies({
      families: [{ name: 'x', policy: { AllowCamera: false, AllowWiFi: true, MaxAttachmentSize: null } }],
    });
    const two = readPolicies({ families: [{ name: 'y', policy: { AllowCamera: 0 } }] });
    const none = readPolicies({ families: [{ name: 'z', policy: { AllowCamera: 1 } }] });
    assert.deepEqual([...one.for(device('')).settings], [['AllowCamera', 0]]);
    assert.equal(one.for(device('')).id, two.for(device('')).id);
    assert.equal(none.for(device('')).id, '');
  });

  it('tells everything that is wrong, with its place', () => {
    const table = {
      versions: { from: '16.1', to: '14.0' },
      family: [],
      families: [
        { devices: 'iPhone', partial: 'maybe', policy: { MinDevicePasswordLength: 99, AllowCamera: 'no', NoSuch: 1 } },
        { name: 'v', versions: { from: '1.0' }, policy: { MaxCalendarAgeFilter: 3, ApprovedApplicationList: 'x' } },
      ],
    };
    assert.throws(
      () => readPolicies(table),
      (error: PolicyProblems) => {
        const places = error.problems.map((problem) => problem.split(' ')[0]);
        assert.deepEqual(
          places,
          [
            'the',
            'versions',
            'families[0].policy',
            'families[0].name',
            'families[0].policy.MinDevicePasswordLength',
            'families[0].policy.AllowCamera',
            'families[0].partial',
            'families[0].devices',
            'families[1].policy.MaxCalendarAgeFilter',
            'families[1].policy.ApprovedApplicationList',
            'families[1].versions',
          ].sort((a, b) => places.indexOf(a) - places.indexOf(b)),
        );
        return error.problems.length === 11;
      },
    );
  });

  it('takes a table of nothing', () => {
    assert.equal(readPolicies({}).for(device('x')).versions.to, '16.1');
    assert.throws(() => readPolicies([]), PolicyProblems);
  });
});
