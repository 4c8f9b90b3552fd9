import { csv, pdf } from './documents.js';
import type { SeedMessage } from './message.js';
import { chart, landscape, png } from './pictures.js';

const BOB = 'Bob Lindqvist <bob@example.test>';
const ALICE = 'Alice Marten <alice@example.test>';
const CAROL = 'Carol Jensen <carol.jensen@harbour.example>';
const DAVE = 'Dave Okafor <dave@okafor.example>';
const ELIF = 'Elif Yılmaz <elif@yilmaz.example>';
const SEEN = ['\\Seen'];

const logo = png(160, 40, (x, y) => (((x >> 3) + (y >> 3)) % 2 === 0 || x > 40 ? [24, 90, 110] : [240, 170, 60]));

/** A conversation of several weeks about one project: replies name what they answer. */
const orchard: readonly SeedMessage[] = [
  {
    id: 'orchard-1',
    folder: 'Projects/Orchard',
    age: 24.3,
    from: CAROL,
    to: `${ALICE}, ${BOB}`,
    subject: 'Orchard: plan for the new irrigation controller',
    text: 'Hello both,\n\nthe first controllers arrive in three weeks. I would like to agree on who tests what before then.\n\n  1. Radio range in the lower field\n  2. Behaviour after a power cut\n  3. The app, with gloves on (I mean it)\n\nCould each of you take one?\n\nCarol\n',
    flags: ['\\Seen', '\\Answered'],
  },
  {
    id: 'orchard-2',
    folder: 'Sent',
    age: 24.1,
    from: ALICE,
    to: CAROL,
    cc: BOB,
    subject: 'Re: Orchard: plan for the new irrigation controller',
    answers: 'orchard-1',
    text: 'Hi Carol,\n\nI take the power cuts; Bob has longer legs for the lower field.\n\nAlice\n\n> Could each of you take one?\n',
    flags: SEEN,
  },
  {
    id: 'orchard-3',
    folder: 'Projects/Orchard',
    age: 23.8,
    from: BOB,
    to: `${CAROL}, ${ALICE}`,
    subject: 'Re: Orchard: plan for the new irrigation controller',
    answers: 'orchard-2',
    text: 'Long legs at your service. I will walk it on Friday and send you the numbers.\n\nBob\n\n> I take the power cuts; Bob has longer legs for the lower field.\n',
    flags: SEEN,
  },
  {
    id: 'orchard-4',
    age: 2.2,
    from: BOB,
    to: `${CAROL}, ${ALICE}`,
    subject: 'Re: Orchard: plan for the new irrigation controller',
    answers: 'orchard-3',
    text: 'Here they are. Everything above 40% is fine; the two posts by the brook are not.\n\nBob\n',
    attachments: [
      {
        filename: 'radio-range.csv',
        contentType: 'text/csv',
        content: csv([
          ['post', 'metres', 'signal %'],
          ...[38, 71, 64, 22, 19, 55].map((signal, i) => [`P${i + 1}`, 40 + 35 * i, signal]),
        ]),
      },
    ],
    flags: SEEN,
  },
  {
    id: 'orchard-5',
    age: 1.9,
    from: CAROL,
    to: `${BOB}, ${ALICE}`,
    subject: 'Re: Orchard: plan for the new irrigation controller',
    answers: 'orchard-4',
    text: 'Then we need a repeater by the brook. Alice, can you add it to the order?\n\nCarol\n',
    flags: ['\\Flagged'],
  },
];

/** Work mail in HTML, with attachments and pictures inside the text. */
const work: readonly SeedMessage[] = [
  {
    id: 'report-month',
    age: 0.9,
    from: CAROL,
    subject: 'Monthly report: harvest forecast',
    text: 'The forecast rose again; see the chart in the HTML part or the PDF.\n',
    html: '<html><body style="font-family:sans-serif"><h2>Harvest forecast</h2><p>The forecast rose <b>again</b>:</p><p><img src="cid:chart@demo.example.test" alt="Bar chart, rising from 42 to 96" width="320" height="160"></p><table border="1" cellpadding="4"><tr><th>Month</th><th>Tons</th></tr><tr><td>July</td><td>88</td></tr><tr><td>August</td><td>96</td></tr></table><p>Details in the PDF.</p></body></html>',
    attachments: [
      { filename: 'chart.png', contentType: 'image/png', content: chart(), cid: 'chart@demo.example.test' },
      {
        filename: 'Forecast.pdf',
        contentType: 'application/pdf',
        content: pdf(['Harvest forecast', '', 'July     88 t', 'August   96 t', '', 'Carol Jensen, Harbour Growers']),
      },
    ],
  },
  {
    id: 'invoice-4711',
    age: 3.4,
    from: 'Billing <billing@hosting.example>',
    subject: 'Invoice 4711 for your server',
    text: 'Dear customer,\n\nplease find your invoice attached. The amount of 11.90 EUR will be collected on the 1st.\n',
    html: '<p><img src="cid:logo@hosting.example" alt="Hosting"></p><p>Dear customer,</p><p>please find your invoice attached. The amount of <b>11.90&nbsp;EUR</b> will be collected on the 1st.</p>',
    attachments: [
      { filename: 'logo.png', contentType: 'image/png', content: logo, cid: 'logo@hosting.example' },
      {
        filename: 'Invoice 4711.pdf',
        contentType: 'application/pdf',
        content: pdf(['Invoice 4711', '', 'One server, one month   11.90 EUR']),
      },
    ],
    flags: SEEN,
  },
  {
    id: 'contract-umlaut',
    age: 5.2,
    from: 'Jürgen Müßig <j.muessig@notar.example>',
    subject: 'Vertragsentwurf: bitte prüfen',
    text: 'Sehr geehrte Frau Marten,\n\nanbei der Entwurf. § 4 haben wir wie besprochen geändert.\n\nMit freundlichen Grüßen\nJürgen Müßig\n',
    attachments: [
      {
        filename: 'Entwurf für Übernahme – §4.pdf',
        contentType: 'application/pdf',
        content: pdf(['Entwurf', '', '§ 4 Übernahme']),
      },
    ],
    flags: SEEN,
  },
  {
    id: 'minutes-html-only',
    age: 6.6,
    from: BOB,
    to: ALICE,
    subject: 'Minutes of Monday',
    html: '<div><p>Decisions:</p><ol><li>Repeater: <span style="color:#a00">order now</span></li><li>App: wait for 2.1</li></ol><p>Open: who waters the test field at the weekend?</p><blockquote>Next meeting as usual.</blockquote><p>See <a href="https://wiki.harbour.example/minutes?week=12&amp;view=full">the wiki</a>.</p></div>',
    flags: SEEN,
  },
  {
    id: 'three-files',
    age: 8.5,
    from: DAVE,
    subject: 'Pictures and the spreadsheet',
    text: 'Two pictures from the hill and the spreadsheet you asked for.\n\nDave\n',
    attachments: [
      { filename: 'hill-1.png', contentType: 'image/png', content: landscape() },
      { filename: 'sensor.png', contentType: 'image/png', content: chart() },
      {
        filename: 'sensors.csv',
        contentType: 'text/csv',
        content: csv([
          ['time', 'soil'],
          ['06:00', 31],
          ['12:00', 24],
          ['18:00', 27],
        ]),
      },
    ],
    flags: SEEN,
  },
  {
    id: 'forwarded',
    age: 11.3,
    from: DAVE,
    subject: 'Fwd: Delivery date',
    text: 'See below: they really mean the 14th.\n',
    attachments: [
      {
        filename: 'Delivery date.eml',
        contentType: 'message/rfc822',
        content: Buffer.from(
          'From: Sales <sales@pumps.example>\r\nTo: dave@okafor.example\r\nSubject: Delivery date\r\nDate: Mon, 2 Nov 2026 08:12:00 +0000\r\nMessage-ID: <d1@pumps.example>\r\n\r\nYour pumps leave our house on the 14th.\r\n',
        ),
      },
    ],
    flags: SEEN,
  },
];

/** Private mail, in several languages and scripts. */
const people: readonly SeedMessage[] = [
  {
    id: 'dinner',
    age: 0.2,
    from: ELIF,
    subject: 'Dinner on Saturday? 🍲',
    text: 'Hi Alice,\n\nSaturday at eight, our place? Deniz makes the soup you liked. 🙂\n\nElif\n',
  },
  {
    id: 'dinner-2',
    age: 0.05,
    from: ELIF,
    subject: 'Re: Dinner on Saturday? 🍲',
    answers: 'dinner',
    text: 'PS: bring the twins!\n',
  },
  {
    id: 'hebrew',
    age: 4.4,
    from: 'נועה לוי <noa@levi.example>',
    subject: 'תמונות מהטיול',
    text: 'שלום אליס,\n\nהתמונות מהטיול יגיעו מחר.\n\nנועה\n',
  },
  {
    id: 'long-lines',
    age: 9.1,
    from: DAVE,
    subject: 'The long story of the pump',
    text: `${'It began on a Tuesday, when the pump made a sound that nobody had heard before and that nobody could describe afterwards. '.repeat(40)}\n\nDave\n`,
    flags: SEEN,
  },
  {
    id: 'flowed',
    age: 12.9,
    from: 'Grace Hill <grace@hill.example>',
    subject: 'Reading group',
    rawBody:
      'Content-Type: text/plain; charset=utf-8; format=flowed; delsp=no\nContent-Transfer-Encoding: 7bit\n\nWe meet on the last Thursday as always. Please bring the book, a \npencil and, if you can, one question that you could not answer.\n\n> What shall we read next? \n> Something short.\n\nSomething short it is.\n-- \nGrace\n',
    flags: SEEN,
  },
];

/** Character sets that are still met; each is written in that set, not in UTF-8. */
const charsets: readonly SeedMessage[] = [
  {
    id: 'latin1',
    age: 7.7,
    from: 'Amélie Dufrêne <amelie@dufrene.example>',
    subject: 'Réservation confirmée',
    text: 'Bonjour Alice,\n\nvotre chambre est réservée : du 3 au 5, côté jardin, petit-déjeuner compris.\n\nÀ bientôt\nAmélie\n',
    charset: { name: 'iso-8859-1', encoding: 'quoted-printable' },
    flags: SEEN,
  },
  {
    id: 'windows1252',
    age: 10.4,
    from: 'Oscar “Ozzie” Brandt <oscar@brandt.example>',
    subject: 'Quote – 1 200 € “as discussed”',
    text: 'As discussed: 1 200 € – delivery included…\n\nOscar\n',
    charset: { name: 'windows-1252', encoding: 'quoted-printable' },
    flags: SEEN,
  },
  {
    id: 'koi8r',
    age: 13.6,
    from: 'Олег Иванов <oleg@ivanov.example>',
    subject: 'Расписание поездов',
    text: 'Здравствуйте, Алиса!\n\nПоезд отправляется в 9:40 с третьего пути.\n\nОлег\n',
    charset: { name: 'koi8-r', encoding: 'base64' },
    flags: SEEN,
  },
  {
    id: 'shiftjis',
    age: 15.5,
    from: '山田太郎 <taro@yamada.example>',
    subject: '見積書の件',
    text: 'アリス様\n\nお世話になっております。見積書をお送りします。\n\n山田\n',
    charset: { name: 'shift_jis', encoding: 'base64' },
    flags: SEEN,
  },
  {
    id: 'gbk',
    age: 17.2,
    from: '王芳 <fang@wang.example>',
    subject: '会议改期',
    text: '爱丽丝，你好：\n\n会议改到星期四下午三点。\n\n王芳\n',
    charset: { name: 'gbk', encoding: 'base64' },
    flags: SEEN,
  },
];

/** What fills real mailboxes: newsletters, notices, a bounce, spam. */
const automatic: readonly SeedMessage[] = [
  {
    id: 'newsletter',
    age: 1.3,
    from: 'Garden Weekly <news@gardenweekly.example>',
    subject: 'This week: five plants that forgive everything',
    text: 'Five plants that forgive everything. Read on our site.\n',
    html: `<html><head><style>td{padding:6px}</style></head><body><table width="600"><tr><td><h1>Garden Weekly</h1></td></tr>${['Mint', 'Hosta', 'Sedum', 'Comfrey', 'Rhubarb'].map((plant) => `<tr><td><h3>${plant}</h3><p>Why ${plant.toLowerCase()} forgives everything, and what it asks of you in return.</p></td></tr>`).join('')}<tr><td><small><a href="https://gardenweekly.example/u/123">Unsubscribe</a></small></td></tr></table></body></html>`,
    headers: {
      'List-Id': '<weekly.gardenweekly.example>',
      'List-Unsubscribe': '<https://gardenweekly.example/u/123>',
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      Precedence: 'bulk',
    },
  },
  {
    id: 'bounce',
    age: 14.2,
    from: 'Mail Delivery System <MAILER-DAEMON@example.test>',
    subject: 'Undelivered Mail Returned to Sender',
    headers: { 'Auto-Submitted': 'auto-replied' },
    rawBody:
      'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\n\n--b1\nContent-Type: text/plain; charset=us-ascii\n\nYour message to nobody@nowhere.example could not be delivered.\n\n--b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.test\n\nFinal-Recipient: rfc822; nobody@nowhere.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 No such user\n\n--b1\nContent-Type: text/rfc822-headers\n\nFrom: alice@example.test\nTo: nobody@nowhere.example\nSubject: Hello?\n\n--b1--\n',
    flags: SEEN,
  },
  {
    id: 'build-1',
    age: 0.6,
    from: 'Build <build@ci.example>',
    subject: '[controller] build 218 failed',
    text: 'test/radio.c:88: expected 40, got 39\n\n1 of 412 tests failed.\n',
    headers: { 'X-Priority': '1', Importance: 'High' },
  },
  {
    id: 'build-2',
    age: 0.5,
    from: 'Build <build@ci.example>',
    subject: '[controller] build 219 passed',
    text: 'All 412 tests passed.\n',
    flags: SEEN,
  },
  { id: 'no-subject', age: 16.1, from: DAVE, subject: '', text: 'Forgot the subject again.\n', flags: SEEN },
  {
    id: 'spam-1',
    folder: 'Junk',
    age: 2.7,
    from: 'Prize Office <winner@lucky.example>',
    subject: 'You have WON!!!',
    html: '<p style="font-size:40px;color:red">CLICK HERE</p><script>alert(1)</script><img src="http://lucky.example/pixel.gif?alice" width="1" height="1">',
  },
  {
    id: 'spam-2',
    folder: 'Junk',
    age: 4.9,
    from: 'Your bank <security@bank.invalid>',
    subject: 'Your account will be closed',
    text: 'Please confirm your password at http://bank.example.invalid/\n',
    flags: SEEN,
  },
  {
    id: 'trash-1',
    folder: 'Trash',
    age: 6.3,
    from: 'Parcel <info@parcel.example>',
    subject: 'Your parcel has arrived',
    text: 'At the kiosk, until Friday.\n',
    flags: SEEN,
  },
];

/** Sent, drafts, archive: what a phone shows beside the inbox. */
const elsewhere: readonly SeedMessage[] = [
  {
    id: 'sent-1',
    folder: 'Sent',
    age: 3.1,
    from: ALICE,
    to: 'billing@hosting.example',
    subject: 'Re: Invoice 4711 for your server',
    answers: 'invoice-4711',
    text: 'Thank you, paid.\n\nAlice\n',
    flags: SEEN,
  },
  {
    id: 'sent-2',
    folder: 'Sent',
    age: 5.0,
    from: ALICE,
    to: BOB,
    subject: 'Photos for the brochure',
    text: 'Which one do you like?\n',
    attachments: [{ filename: 'dusk.png', contentType: 'image/png', content: landscape() }],
    flags: SEEN,
  },
  {
    id: 'draft-1',
    folder: 'Drafts',
    age: 0.4,
    from: ALICE,
    to: CAROL,
    subject: 'Repeater order',
    text: 'Hi Carol,\n\nI found two repeaters that fit:\n\n  - \n',
    flags: ['\\Seen', '\\Draft'],
  },
  ...['Welcome to the team', 'Keys and badges', 'Your first week', 'Insurance papers', 'Holiday rules'].map(
    (subject, index): SeedMessage => ({
      id: `archive-${index + 1}`,
      folder: 'Archive',
      age: 120 + 9 * index,
      from: 'Office <office@harbour.example>',
      subject,
      text: `${subject}: please read the attached notes in the wiki and ask if anything is unclear.\n`,
      flags: SEEN,
    }),
  ),
  ...[18, 19.5, 21, 22.4, 26, 28, 31, 34, 37, 40].map(
    (age, index): SeedMessage => ({
      id: `daily-${index + 1}`,
      age,
      from: index % 2 === 0 ? BOB : CAROL,
      to: ALICE,
      subject: ['Lunch?', 'Key for the shed', 'Weather for Thursday', 'Who has the ladder', 'Fence, again'][index % 5]!,
      text: [
        'Noon at the bakery?\n',
        'It hangs behind the door now.\n',
        'Rain from two o’clock. We should start early.\n',
        'I need it on Wednesday.\n',
        'The goats have found the gap. I closed it with wire for now.\n',
      ][index % 5]!,
      flags: SEEN,
    }),
  ),
];

/** All of alice's messages but the invitation, which is made beside bob's calendar. */
export const aliceMail: readonly SeedMessage[] = [...orchard, ...work, ...people, ...charsets, ...automatic, ...elsewhere];
