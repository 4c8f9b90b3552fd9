import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, childText, type Element, el, elements } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { readDeviceInformation } from '../device-information.js';
import { oof } from '../settings/oof.js';
import { SETTINGS } from '../settings/status.js';
import { COMMON, StatusError } from '../status.js';
import { sameJson } from '../sync/cache.js';
import { has } from '../versions.js';

type Property = (context: EasContext, element: Element) => Promise<Element>;

/** The properties, answered in the order asked for (MS-ASCMD 2.2.1.18). */
const PROPERTIES: ReadonlyMap<TagName, Property> = new Map<TagName, Property>([
  ['Settings:DeviceInformation', deviceInformation],
  ['Settings:UserInformation', userInformation],
  ['Settings:Oof', oof],
  ['Settings:DevicePassword', devicePassword],
  ['Settings:RightsManagementInformation', rightsManagement],
]);

/** Each of the five once, and some leniency. */
const MAX_PROPERTIES = 20;

/** Reads and writes what belongs to the device and the user. */
export async function settings(context: EasContext): Promise<EasAnswer> {
  if (!context.body) throw new StatusError(COMMON.InvalidContent, 'no body');
  const asked = elements(context.body);
  if (asked.length > MAX_PROPERTIES) throw new StatusError(SETTINGS.ProtocolError, 'too many properties');
  const answers: Element[] = [];
  for (const element of asked) {
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

const LONGEST_PASSWORD = 255;

/** The policy keeps no passwords for recovery (MS-ASCMD DevicePassword). */
async function devicePassword(_context: EasContext, element: Element): Promise<Element> {
  const set = child(element, 'Settings:Set');
  const password = childText(set, 'Settings:Password');
  const status =
    !set || password === undefined ? SETTINGS.ProtocolError : tooLong(password) ? SETTINGS.InvalidArguments : SETTINGS.Denied;
  return el('Settings:DevicePassword', el('Settings:Status', status));
}

function tooLong(password: string): boolean {
  return password.length > LONGEST_PASSWORD;
}

/** Rights management is off: no templates (MS-ASRM 2.2.2.18). */
async function rightsManagement(): Promise<Element> {
  return el(
    'Settings:RightsManagementInformation',
    el('Settings:Status', COMMON.RightsManagementOff),
    el('Settings:Get', el('RightsManagement:RightsManagementTemplates')),
  );
}
