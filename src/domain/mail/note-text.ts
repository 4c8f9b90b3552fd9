import { escapeText, formatList, Property, parseContentLines } from '../../formats/content-lines.js';
import { formatTime, utcTime } from '../../formats/ical/values.js';
import { noteText } from '../../formats/mime/note.js';

/** What a note says, whatever it is kept in. */
export interface NoteContent {
  readonly subject: string;
  readonly plain: string;
  /** Absent: it has no other form than the plain one. */
  readonly html?: string;
  readonly categories: readonly string[];
  /** Outlook's kind of note, where it is not the usual one. */
  readonly messageClass: string | null;
}

/** A note with what its message tells besides. */
export interface NoteFacts extends NoteContent {
  readonly identifier: string;
  readonly created: Date | null;
  readonly modified: Date;
}

const FRAME = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//Mobile Sync Gateway//Notes//EN',
  'BEGIN:VJOURNAL',
  'END:VJOURNAL',
  'END:VCALENDAR',
  '',
];
const HTML = 'X-ALT-DESC';
const MESSAGE_CLASS = 'X-MS-MESSAGECLASS';

/** The note as the domain knows notes: VJOURNAL (RFC 5545 §3.6.3). */
export function toJournal(note: NoteFacts): string {
  const [calendar] = parseContentLines(FRAME.join('\r\n'));
  const journal = calendar?.component('VJOURNAL');
  if (!calendar || !journal) throw new Error('no journal');
  const add = (name: string, value: string, params = {}) => journal.add(new Property(name, value, params));
  add('UID', escapeText(note.identifier));
  add('DTSTAMP', timeText(note.modified));
  if (note.created) add('CREATED', timeText(note.created));
  add('LAST-MODIFIED', timeText(note.modified));
  if (note.subject !== '') add('SUMMARY', escapeText(note.subject));
  if (note.plain !== '') add('DESCRIPTION', escapeText(note.plain));
  if (note.html) add(HTML, escapeText(note.html), { FMTTYPE: 'text/html' });
  if (note.categories.length > 0) add('CATEGORIES', formatList(note.categories));
  if (note.messageClass) add(MESSAGE_CLASS, escapeText(note.messageClass));
  return calendar.toString();
}

/** What a VJOURNAL says that a note can hold. */
export function fromJournal(text: string): NoteContent {
  const journal = parseContentLines(text)[0]?.component('VJOURNAL');
  const value = (name: string) => journal?.first(name)?.text ?? '';
  const html = journal?.all(HTML).find((property) => property.param('FMTTYPE')?.toLowerCase() === 'text/html')?.text;
  const plain = value('DESCRIPTION');
  return {
    subject: value('SUMMARY'),
    plain: plain === '' && html ? noteText(html).trimEnd() : plain,
    ...(html && { html }),
    categories: (journal?.all('CATEGORIES') ?? []).flatMap((property) =>
      property.list.map((name) => name.trim()).filter(Boolean),
    ),
    messageClass: value(MESSAGE_CLASS) || null,
  };
}

const LONGEST_SUBJECT = 250;

/**
 * The subject after an edit. Apple's apps have no other title than the first line: where the subject was that, it stays that;
 * a subject of its own stays its own.
 */
export function subjectAfter(before: NoteContent | null, after: NoteContent): string {
  const follows = before ? before.subject === after.subject && before.subject === firstLine(before.plain) : after.subject === '';
  return follows ? firstLine(after.plain) : after.subject;
}

function firstLine(plain: string): string {
  const line = plain.split('\n').find((each) => each.trim() !== '') ?? '';
  return [...line.trim()].slice(0, LONGEST_SUBJECT).join('');
}

function timeText(date: Date): string {
  return formatTime(utcTime(Math.floor(date.getTime() / 1000) * 1000));
}
