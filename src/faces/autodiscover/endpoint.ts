import { type Request, type Response, Router } from 'express';
import { autoconfig } from './autoconfig.js';
import { mobileConfig } from './mobileconfig.js';
import { mobileSyncAnswer } from './mobilesync.js';
import { type AccountSettings, easUrl, parseAddress, type SettingsFor } from './settings.js';
import { askPage, PAGE_HEADERS, setupPage } from './setup-page.js';

/** Protocols of Autodiscover V2 and where they are. */
const V2_URLS: Readonly<Record<string, (publicUrl: string) => string>> = {
  activesync: easUrl,
  autodiscoverv1: (publicUrl) => `${publicUrl}/autodiscover/autodiscover.xml`,
};

/** Whether a path is one of this face's. */
export function isAutodiscoverPath(path: string): boolean {
  return /^\/(autodiscover\/|mail\/config-|\.well-known\/autoconfig\/|setup(\/|$))/i.test(path);
}

/**
 * How clients find the gateway: Autodiscover (POX mobilesync, V2 JSON), Mozilla autoconfig, Apple configuration profiles.
 * Needs no login: the answers say nothing that the domain's DNS does not say. Every address of a served domain gets the same
 * answer, so nobody learns who has an account.
 */
export function autodiscoverRouter(settingsFor: SettingsFor): Router {
  const router = Router({ caseSensitive: false });
  router.post('/autodiscover/autodiscover.xml', (req, res) => {
    const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    res.type('text/xml').send(mobileSyncAnswer(body, settingsFor, new Date()));
  });
  router.get('/autodiscover/autodiscover.json', (req, res) => v2(req, res, query(req, 'email'), settingsFor));
  router.get('/autodiscover/autodiscover.json/v1.0/:address', (req, res) => v2(req, res, req.params.address, settingsFor));
  for (const path of ['/mail/config-v1.1.xml', '/.well-known/autoconfig/mail/config-v1.1.xml']) {
    router.get(path, (req, res) => answer(req, res, settingsFor, 'text/xml', autoconfig));
  }
  router.get('/setup', (req, res) => setup(req, res, settingsFor));
  router.get('/setup/exchange.mobileconfig', (req, res) => profile(req, res, settingsFor, 'exchange'));
  router.get('/setup/internet.mobileconfig', (req, res) => profile(req, res, settingsFor, 'internet'));
  return router;
}

function v2(req: Request, res: Response, addressText: string | undefined, settingsFor: SettingsFor): void {
  const protocol = query(req, 'protocol');
  const refuse = (status: number, ErrorCode: string, ErrorMessage: string) =>
    res.status(status).json({ ErrorCode, ErrorMessage });
  if (protocol === undefined) return void refuse(400, 'MandatoryParameterMissing', 'Protocol is missing');
  const url = V2_URLS[protocol.toLowerCase()];
  if (!url) return void refuse(400, 'InvalidProtocol', `${protocol.slice(0, 40)} is not served`);
  const address = parseAddress(addressText);
  const settings = address && settingsFor(address);
  if (!settings) return void refuse(404, 'UserNotFound', 'the address is not served here');
  res.json({ Protocol: protocol, Url: url(settings.publicUrl) });
}

function profile(req: Request, res: Response, settingsFor: SettingsFor, kind: 'exchange' | 'internet'): void {
  res.attachment(`${kind}.mobileconfig`);
  answer(req, res, settingsFor, 'application/x-apple-aspen-config', (address, settings) => mobileConfig(address, settings, kind));
}

/** The page for people: asks for the address, then shows codes that a phone can scan. */
function setup(req: Request, res: Response, settingsFor: SettingsFor): void {
  const given = query(req, 'email');
  const address = parseAddress(given);
  const settings = address && settingsFor(address);
  const body = address && settings ? setupPage(address, settings) : askPage(given !== undefined);
  res
    .set(PAGE_HEADERS)
    .type('text/html')
    .status(given !== undefined && !settings ? 404 : 200)
    .send(body);
}

/** A document about the address in the query. */
function answer(
  req: Request,
  res: Response,
  settingsFor: SettingsFor,
  type: string,
  write: (address: string, settings: AccountSettings) => string,
): void {
  const address = parseAddress(query(req, 'emailaddress') ?? query(req, 'email'));
  const settings = address && settingsFor(address);
  if (!address || !settings) {
    res.removeHeader('Content-Disposition');
    res.status(404).end();
    return;
  }
  res.setHeader('Content-Type', type);
  res.send(Buffer.from(write(address, settings)));
}

/** A parameter of the query, whatever the case of its name. */
function query(req: Request, name: string): string | undefined {
  const found = Object.entries(req.query).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof found === 'string' ? found : undefined;
}
