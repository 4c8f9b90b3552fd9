import { before, describe, test } from 'node:test';
import { cellOf, MATRIX, refused, type Stage, titleOf, VERSIONS } from '../support/eas-matrix.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';

/** Each command in each version, on real Dovecot; docs/compliance-eas-commands.md shows the same table. */
let world: World;
before(async () => {
  world = await startWorld();
  await world.phone('friend', { deviceId: 'f' });
});

for (const version of VERSIONS) {
  describe(`ActiveSync ${version}`, { concurrency: false }, () => {
    let stage: Stage;

    before(async () => {
      const user = `mx${version.replace('.', '')}`;
      const me = address(user);
      const paper = { name: 'paper.bin', type: 'application/octet-stream', data: Buffer.from('paper') };
      for (const parts of [
        { subject: 'Old times', text: 'Remember?' },
        { subject: 'Papers', attachment: paper },
        { subject: 'Move me' },
      ])
        await world.dovecot.deliver(me, message({ to: me, ...parts }));
      const phone = await world.phone(user, { version, deviceId: user });
      await phone.syncAll(phone.folder(2));
      stage = { phone, world, me, friend: address('friend'), version };
    });

    for (const row of MATRIX) {
      const cell = cellOf(row, version);
      test(titleOf(row, version), () => (/^\d+$/.test(cell) ? refused(stage, row.command, cell) : row.run(stage)));
    }
  });
}
