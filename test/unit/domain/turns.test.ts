import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LocalHub } from '../../../src/domain/notify/local-hub.js';
import { BusTurns, type Turn } from '../../../src/domain/notify/turns.js';

describe('BusTurns', () => {
  it('brings turns of devices with every sign in their id from one process to another', () => {
    const ears: ((account: string, collection: string) => void)[] = [];
    const bus = {
      send: (account: string, collection: string) => {
        assert.doesNotMatch(collection, /\s/, 'a bus separates signals by spaces');
        for (const heard of ears) heard(account, collection);
      },
      listen: (heard: (typeof ears)[number]) => void ears.push(heard),
    };
    const [here, there] = [new BusTurns(new LocalHub(bus)), new BusTurns(new LocalHub(bus))];
    const heard: [string, Turn][] = [];
    there.listen((account, turn) => heard.push([account, turn]));
    const turns: Turn[] = ['phone1', '{a.b:c~d+e=f-g@h}', 'a/b%20c'].map((device, n) => ({
      device,
      kind: n % 2 === 0 ? 'Ping' : 'Sync',
      at: 1_763_940_000_123_456 + n,
    }));
    for (const turn of turns) here.tell('alice', turn);
    assert.deepEqual(
      heard,
      turns.map((turn) => ['alice', turn]),
    );
  });

  it('passes over words that it does not understand', () => {
    let ear: (account: string, detail: string) => void = () => undefined;
    const heard: Turn[] = [];
    const onSignal = (_word: string, to: typeof ear) => {
      ear = to;
    };
    const turns = new BusTurns({ tell: () => undefined, onSignal });
    turns.listen((_account, turn) => heard.push(turn));
    for (const detail of ['', 'Ping', 'Ping:x:phone', 'Other:1:phone', `Ping:${'9'.repeat(40)}:phone`]) ear('alice', detail);
    ear('alice', 'Ping:1:%E0%A4%A');
    assert.deepEqual(heard, [{ device: '', kind: 'Ping', at: 1 }]);
  });
});
