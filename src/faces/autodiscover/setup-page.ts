import { qrSvg } from '../../formats/qr/svg.js';
import { attributeText, text } from '../../formats/xml/write.js';
import { type AccountSettings, type ClientServer, davUrl } from './settings.js';

const STYLE = [
  'body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}',
  'section{border-top:1px solid #ccc;padding:1rem 0}svg{width:14rem;max-width:100%;display:block;margin:1rem 0}',
  'dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}input{font:inherit;padding:.4rem;width:20rem;max-width:100%}',
].join('');

/** Only what stands in the page itself is shown, and nothing runs. */
export const PAGE_HEADERS = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** Asks for the address that a phone shall be set up with. */
export function askPage(refused: boolean): string {
  const note = refused ? '<p role="alert">This address is not served here.</p>' : '';
  const form =
    '<form action="/setup/"><p><label>E-mail address<br><input name="email" type="email" required autofocus></label></p><p><button>Continue</button></p></form>';
  return page('Set up a phone', `${note}${form}`);
}

/** How to set up each kind of phone, with codes to scan. */
export function setupPage(address: string, settings: AccountSettings): string {
  const { publicUrl } = settings;
  const profile = (kind: string) => `${publicUrl}/setup/${kind}.mobileconfig?email=${encodeURIComponent(address)}`;
  return page(
    `Set up ${address}`,
    [
      section(
        'iPhone, iPad: everything by Exchange',
        'Scan with the camera, allow the profile, then install it under Settings.',
        profile('exchange'),
      ),
      section('iPhone, iPad, Mac: IMAP, CalDAV and CardDAV', 'The same, with the apps’ other way to sync.', profile('internet')),
      section(
        'Android: calendars and contacts by DAVx⁵',
        'Scan with the camera; DAVx⁵ has to be installed.',
        davx5(address, publicUrl),
      ),
      `<section><h2>By hand</h2><dl>${facts(address, settings)}</dl></section>`,
    ].join(''),
  );
}

function section(title: string, how: string, target: string): string {
  const link = `<p><a href="${attributeText(target)}">${text(target)}</a></p>`;
  return `<section><h2>${text(title)}</h2><p>${text(how)}</p>${qrSvg(target, attributeText(title))}${link}</section>`;
}

/** The form in which DAVx⁵ takes a login from other apps. */
function davx5(address: string, publicUrl: string): string {
  const { host, pathname } = new URL(davUrl(publicUrl));
  return `davx5://${encodeURIComponent(address)}@${host}${pathname}`;
}

function facts(address: string, { publicUrl, imap, smtp }: AccountSettings): string {
  const host = new URL(publicUrl).host;
  const rows: readonly (readonly [name: string, value: string])[] = [
    ['User name', address],
    ['Exchange (ActiveSync) server', host],
    ['CalDAV and CardDAV', davUrl(publicUrl)],
    ['IMAP', server(imap)],
    ...(smtp ? ([['SMTP', server(smtp)]] as const) : []),
  ];
  return rows.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`).join('');
}

const SECURITY: Readonly<Record<ClientServer['security'], string>> = { tls: 'TLS', starttls: 'STARTTLS', none: 'not encrypted' };

function server({ host, port, security }: ClientServer): string {
  return `${host}, port ${port}, ${SECURITY[security]}`;
}

function page(title: string, body: string): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${text(title)}</title><style>${STYLE}</style>`;
  return `<!doctype html><html lang="en"><head>${head}</head><body><h1>${text(title)}</h1>${body}</body></html>\n`;
}
