import type { SeedMessage } from './message.js';

const ALICE = 'Alice Marten <alice@example.test>';
const CAROL = 'Carol Jensen <carol.jensen@harbour.example>';
const SEEN = ['\\Seen'];

/** The other mailbox of the demo, to send to and to answer from. */
export const bobMail: readonly SeedMessage[] = [
  {
    id: 'bob-photos',
    age: 5,
    from: ALICE,
    subject: 'Photos for the brochure',
    text: 'Which one do you like?\n',
  },
  {
    id: 'bob-brook',
    age: 1.8,
    from: CAROL,
    subject: 'Posts by the brook',
    html: '<p>Bob, could you mark the two posts by the brook with <b>red</b> tape?</p><p>Carol</p>',
    flags: ['\\Flagged'],
  },
  {
    id: 'bob-news',
    age: 2.6,
    from: 'Radio Parts <shop@radioparts.example>',
    subject: 'Antennas: ten per cent until Sunday',
    text: 'Antennas, cables, masts: ten per cent until Sunday.\n',
    headers: { 'List-Unsubscribe': '<mailto:leave@radioparts.example>' },
  },
  ...['Ladder', 'Re: Fence, again', 'Test field', 'Key for the shed', 'Saturday shift', 'New boots'].map(
    (subject, index): SeedMessage => ({
      id: `bob-daily-${index + 1}`,
      age: 6 + 4 * index,
      from: index % 2 === 0 ? ALICE : CAROL,
      subject,
      text: `${['You have it, right?', 'The goats say hello.', 'Dry since Tuesday.', 'Found it.', 'Can you take it?', 'They fit!'][index]}\n`,
      flags: SEEN,
    }),
  ),
];
