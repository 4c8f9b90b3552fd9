import { child, type Element, elements, text } from '../../formats/wbxml/tree.js';

const MAX_VALUE = 1024;
const MAX_VALUES = 20;

/** Model, IMEI, FriendlyName, OS, … of a DeviceInformation element (MS-ASCMD DeviceInformation), bounded. */
export function readDeviceInformation(element: Element): Readonly<Record<string, string>> {
  const set = child(element, 'Settings:Set') ?? element;
  const values = elements(set).filter((one) => one.tag.startsWith('Settings:') && one.tag !== 'Settings:Set');
  return Object.fromEntries(
    values.slice(0, MAX_VALUES).map((one) => [one.tag.slice('Settings:'.length), (text(one) ?? '').slice(0, MAX_VALUE)]),
  );
}
