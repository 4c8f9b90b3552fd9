import { AUDIENCES, type Audience, type OutOfOffice, type OutOfOfficeMessage } from '../../../domain/accounts/out-of-office.js';
import { type ErrorKind, isDomainError } from '../../../domain/errors.js';
import { htmlToText, textToHtml } from '../../../formats/mime/text.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, children, childText, type Element, el, optional } from '../../../formats/wbxml/tree.js';
import { readDate } from '../classes/dates.js';
import type { EasContext } from '../context.js';
import { StatusError } from '../status.js';
import { SETTINGS } from './status.js';

const APPLIES_TO: Readonly<Record<Audience, TagName>> = {
  internal: 'Settings:AppliesToInternal',
  known: 'Settings:AppliesToExternalKnown',
  unknown: 'Settings:AppliesToExternalUnknown',
};

const STATES = ['off', 'on', 'timed'] as const;
const BODY_TYPES: Readonly<Record<string, OutOfOfficeMessage['type']>> = { text: 'plain', html: 'html' };

/** What a failure of the domain is here; `conflict`: a filter script of the user's own is in the way. */
const STATUS_BY_KIND: Readonly<Partial<Record<ErrorKind, number>>> = {
  invalid: SETTINGS.InvalidArguments,
  'too-large': SETTINGS.InvalidArguments,
  conflict: SETTINGS.Denied,
  forbidden: SETTINGS.Denied,
  unavailable: SETTINGS.Unavailable,
  // The filter server is another one than that which took the password.
  unauthenticated: SETTINGS.Denied,
};

/** Automatic replies (MS-ASCMD Oof). A user whose mail server has none is told so: Status 7. */
export async function oof(context: EasContext, element: Element): Promise<Element> {
  const { outOfOffice } = context.services;
  const get = child(element, 'Settings:Get');
  const set = child(element, 'Settings:Set');
  if ((get === undefined) === (set === undefined)) return answer(SETTINGS.ProtocolError);
  if (!outOfOffice.isAvailable(context.session)) return answer(SETTINGS.Denied);
  try {
    if (get) return await shown(context, get);
    const change = readChange(set as Element);
    // Not bound to the request: half of a change would be none.
    await outOfOffice.set({ ...context.session, signal: undefined }, change);
    return answer(SETTINGS.Success);
  } catch (error) {
    return answer(statusOf(context, error));
  }
}

function answer(status: number, ...content: readonly Element[]): Element {
  return el('Settings:Oof', el('Settings:Status', status), content);
}

function statusOf(context: EasContext, error: unknown): number {
  if (error instanceof StatusError) return error.status;
  if (!isDomainError(error)) throw error;
  context.log.warn({ device: context.query.deviceId, err: error }, 'out of office could not be read or set');
  return STATUS_BY_KIND[error.kind] ?? SETTINGS.Unavailable;
}

async function shown({ services, session }: EasContext, get: Element): Promise<Element> {
  const type = bodyType(childText(get, 'Settings:BodyType') ?? 'Text');
  const { state, start, end, messages } = await services.outOfOffice.get(session);
  return answer(
    SETTINGS.Success,
    el(
      'Settings:Get',
      el('Settings:OofState', STATES.indexOf(state)),
      optional('Settings:StartTime', start?.toISOString()),
      optional('Settings:EndTime', end?.toISOString()),
      AUDIENCES.map((audience) => messageElement(audience, messages[audience], type)),
    ),
  );
}

/** One for each audience, even those that get no reply. */
function messageElement(audience: Audience, message: OutOfOfficeMessage, type: OutOfOfficeMessage['type']): Element {
  return el(
    'Settings:OofMessage',
    el(APPLIES_TO[audience]),
    el('Settings:Enabled', message.enabled),
    el('Settings:ReplyMessage', inForm(message, type)),
    el('Settings:BodyType', type === 'html' ? 'HTML' : 'Text'),
  );
}

function inForm(message: OutOfOfficeMessage, type: OutOfOfficeMessage['type']): string {
  if (message.type === type || message.text === '') return message.text;
  return type === 'html' ? textToHtml(message.text) : htmlToText(message.text);
}

function bodyType(text: string): OutOfOfficeMessage['type'] {
  const type = BODY_TYPES[text.trim().toLowerCase()];
  if (!type) throw new StatusError(SETTINGS.InvalidArguments, 'unknown BodyType');
  return type;
}

/** What a Set changes; audiences that it does not name stay as they are. @throws StatusError */
function readChange(set: Element): (before: OutOfOffice) => OutOfOffice {
  const number = childText(set, 'Settings:OofState')?.trim();
  const state = number === undefined ? undefined : STATES[Number(number || Number.NaN)];
  if (number !== undefined && state === undefined) throw new StatusError(SETTINGS.InvalidArguments, 'unknown OofState');
  const [start, end] = [dateOf(set, 'Settings:StartTime'), dateOf(set, 'Settings:EndTime')];
  if ((start === null) !== (end === null)) throw new StatusError(SETTINGS.InvalidArguments, 'StartTime without EndTime');
  const messages = children(set, 'Settings:OofMessage').flatMap(readMessage);
  const audiences = new Set(messages.map(([audience]) => audience));
  if (audiences.size !== messages.length) throw new StatusError(SETTINGS.Conflicting, 'two messages for one audience');
  return (before) => ({
    state: state ?? before.state,
    start: start ?? before.start,
    end: end ?? before.end,
    messages: {
      ...before.messages,
      ...Object.fromEntries(messages.map(([audience, read]) => [audience, read(before.messages[audience])])),
    },
  });
}

function dateOf(set: Element, tag: TagName): Date | null {
  const text = childText(set, tag);
  if (text === undefined || text === '') return null;
  const date = readDate(text);
  if (!date) throw new StatusError(SETTINGS.InvalidArguments, `${tag} is no date`);
  return date;
}

type MessageChange = readonly [Audience, (before: OutOfOfficeMessage) => OutOfOfficeMessage];

/** An element may name several audiences at once. */
function readMessage(element: Element): MessageChange[] {
  const audiences = AUDIENCES.filter((audience) => child(element, APPLIES_TO[audience]));
  const text = childText(element, 'Settings:ReplyMessage');
  const type = childText(element, 'Settings:BodyType');
  if (audiences.length === 0) throw new StatusError(SETTINGS.ProtocolError, 'a message for nobody');
  if (text && type === undefined) throw new StatusError(SETTINGS.InvalidArguments, 'ReplyMessage without BodyType');
  const enabled = childText(element, 'Settings:Enabled')?.trim();
  const form = type === undefined ? undefined : bodyType(type);
  const read = (before: OutOfOfficeMessage) => ({
    enabled: enabled === undefined ? before.enabled : enabled === '1' || enabled.toLowerCase() === 'true',
    type: text === undefined ? before.type : (form ?? before.type),
    text: text ?? before.text,
  });
  return audiences.map((audience) => [audience, read] as const);
}
