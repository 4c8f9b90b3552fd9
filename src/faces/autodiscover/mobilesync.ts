import { clark } from '../../formats/xml/names.js';
import { childOf, elementsOf, parseXml, textOf, XmlError } from '../../formats/xml/read.js';
import { attributeText, text } from '../../formats/xml/write.js';
import { easUrl, parseAddress, type SettingsFor } from './settings.js';

const REQUEST = 'http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006';
const RESPONSE = 'http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006';
const FRAMEWORK = 'http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006';

/** Error codes of the framework (MS-OXDSCLI §3.1.5.1). */
const ERRORS = {
  500: 'The e-mail address cannot be found.',
  600: 'Invalid Request',
  601: 'The requested schema version is not supported',
} as const;

const LIMITS = { bytes: 64 * 1024, depth: 10, elements: 100, attributes: 10 };

/** Answers a POX Autodiscover request for the mobilesync schema (MS-ASCMD 2.2.1.1 Autodiscover). */
export function mobileSyncAnswer(body: Uint8Array, settingsFor: SettingsFor, now: Date): string {
  const request = readRequest(body);
  if (typeof request === 'number') return failure(request, now);
  const settings = settingsFor(request.address);
  return settings ? success(request.address, easUrl(settings.publicUrl)) : failure(500, now);
}

function readRequest(body: Uint8Array): { address: string } | keyof typeof ERRORS {
  try {
    const root = parseXml(body, LIMITS);
    const request = elementsOf(root).find((element) => element.name.endsWith('}Request'));
    const schema = elementsOf(request ?? root).find((element) => element.name.endsWith('}AcceptableResponseSchema'));
    if (!request || !schema) return 600;
    if (textOf(schema).trim() !== RESPONSE) return 601;
    const address = childOf(request, clark(REQUEST, 'EMailAddress'));
    return { address: parseAddress(address && textOf(address)) ?? '' };
  } catch (error) {
    if (error instanceof XmlError) return 600;
    throw error;
  }
}

function success(address: string, url: string): string {
  const server = `<Server><Type>MobileSync</Type><Url>${text(url)}</Url><Name>${text(url)}</Name></Server>`;
  return answer(
    `<Response xmlns="${RESPONSE}"><Culture>en:us</Culture>` +
      `<User><DisplayName>${text(address)}</DisplayName><EMailAddress>${text(address)}</EMailAddress></User>` +
      `<Action><Settings>${server}</Settings></Action></Response>`,
  );
}

function failure(code: keyof typeof ERRORS, now: Date): string {
  const time = `${now.toISOString().slice(11, 23)}0000`;
  return answer(
    `<Response><Error Time="${attributeText(time)}" Id="1"><ErrorCode>${code}</ErrorCode><Message>${ERRORS[code]}</Message><DebugData/></Error></Response>`,
  );
}

function answer(response: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="${FRAMEWORK}">${response}</Autodiscover>`;
}
