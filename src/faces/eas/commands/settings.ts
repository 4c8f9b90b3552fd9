import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, childText, type Element, el, elements } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { readDeviceInformation } from '../device-information.js';
import { COMMON, StatusError } from '../status.js';
import { sameJson } from '../sync/cache.js';
import { has } from '../versions.js';

/** Status values of Settings and of each property (MS-ASCMD 2.2.3.177.16). */
const SETTINGS = { Success: 1, ProtocolError: 2, InvalidArguments: 5, Denied: 7 } as const;
const RIGHTS_MANAGEMENT_OFF = 168;
const OOF_OFF = 0;

type Property = (context: EasContext, element: Element) => Promise<Element>;

/** The properties, answered in the order asked for (MS-ASCMD 2.2.1.18). */
const PROPERTIES: ReadonlyMap<TagName, Property> = new Map<TagName, Property>([
  ['Settings:DeviceInformation', deviceInformation],
  ['Settings:UserInformation', userInformation],
  ['Settings:Oof', oof],
  ['Settings:DevicePassword', async () => el('Settings:DevicePassword', el('Settings:Status', SETTINGS.Denied))],
  ['Settings:RightsManagementInformation', rightsManagement],
]);

/** Reads and writes what belongs to the device and the user. */
export async function settings(context: EasContext): Promise<EasAnswer> {
  if (!context.body) throw new StatusError(COMMON.InvalidContent, 'no body');
  const answers: Element[] = [];
  for (const element of elements(context.body)) {
    const property = PROPERTIES.get(element.tag);
    if (!property) throw new StatusError(SETTINGS.ProtocolError, `unknown property ${element.tag}`);
    answers.push(await property(context, element));
  }
  return documentAnswer(el('Settings:Settings', el('Settings:Status', SETTINGS.Success), answers));
}

async function deviceInformation(context: EasContext, element: Element): Promise<Element> {
  if (!child(element, 'Settings:Set')) return el('Settings:DeviceInformation', el('Settings:Status', SETTINGS.ProtocolError));
  const { device, store, session, query } = context;
  const information = { ...device.information, ...readDeviceInformation(element) };
  if (!sameJson(information, device.information)) await store.save(session, query.deviceId, { information });
  return el('Settings:DeviceInformation', el('Settings:Status', SETTINGS.Success));
}

/** All addresses of the user; from 14.1 inside an Account (MS-ASCMD UserInformation). */
async function userInformation(context: EasContext, element: Element): Promise<Element> {
  if (!child(element, 'Settings:Get')) return el('Settings:UserInformation', el('Settings:Status', SETTINGS.ProtocolError));
  const { user } = context.session;
  const listed = [user.address, ...user.aliases].map((address) => el('Settings:SMTPAddress', address));
  const nested = has(context.version, 'accounts');
  const primary = nested ? el('Settings:PrimarySmtpAddress', user.address) : undefined;
  const addresses = el('Settings:EmailAddresses', listed, primary);
  const account = el('Settings:Accounts', el('Settings:Account', addresses));
  return el(
    'Settings:UserInformation',
    el('Settings:Status', SETTINGS.Success),
    el('Settings:Get', nested ? account : addresses),
  );
}

const AUDIENCES: readonly TagName[] = [
  'Settings:AppliesToInternal',
  'Settings:AppliesToExternalKnown',
  'Settings:AppliesToExternalUnknown',
];

/** Out of office is off; switching it on is refused, since nothing would be sent. */
async function oof(_context: EasContext, element: Element): Promise<Element> {
  const get = child(element, 'Settings:Get');
  if (get) return oofState(childText(get, 'Settings:BodyType') || 'Text');
  const set = child(element, 'Settings:Set');
  if (!set) return el('Settings:Oof', el('Settings:Status', SETTINGS.ProtocolError));
  const on = (childText(set, 'Settings:OofState') ?? '0').trim() !== String(OOF_OFF);
  return el('Settings:Oof', el('Settings:Status', on ? SETTINGS.InvalidArguments : SETTINGS.Success));
}

function oofState(bodyType: string): Element {
  const messages = AUDIENCES.map((audience) =>
    el(
      'Settings:OofMessage',
      el(audience),
      el('Settings:Enabled', 0),
      el('Settings:ReplyMessage'),
      el('Settings:BodyType', bodyType),
    ),
  );
  return el(
    'Settings:Oof',
    el('Settings:Status', SETTINGS.Success),
    el('Settings:Get', el('Settings:OofState', OOF_OFF), messages),
  );
}

async function rightsManagement(): Promise<Element> {
  return el('Settings:RightsManagementInformation', el('Settings:Status', RIGHTS_MANAGEMENT_OFF));
}
