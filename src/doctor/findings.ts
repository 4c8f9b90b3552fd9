/** How bad something is; the worst one decides the exit status. */
export type Level = 'ok' | 'skipped' | 'warning' | 'fault';

interface FindingKind {
  readonly level: 'warning' | 'fault';
  /** What to do about it. */
  readonly advice: string;
}

const fault = (advice: string): FindingKind => ({ level: 'fault', advice });
const warning = (advice: string): FindingKind => ({ level: 'warning', advice });

/** Everything the doctor can find. The codes are stable: monitoring may look for them. */
export const FINDINGS = {
  unresolved: fault('Add an A or AAAA record for the host, or correct the address.'),
  refused: fault('Nothing listens there. Is the server or the proxy running, and is the port open in the firewall?'),
  silent: fault('No answer came in time. Look for a firewall that drops packets, or an overloaded server.'),
  'cut-off': fault('The connection was closed without an answer. Look into the log of the proxy.'),
  unencrypted: warning('Phones want https, and the password travels in clear. Put TLS in front.'),
  'certificate-expired': fault('Renew the certificate and let the proxy read it again.'),
  'certificate-early': fault('The certificate is not valid yet. Compare the clocks of server and authority.'),
  'certificate-name': fault('Get a certificate that names the host under which phones come.'),
  'certificate-self-signed': fault('Phones refuse it or ask each user. Get one from a public authority (Let’s Encrypt costs nothing).'),
  'certificate-untrusted': fault('Its authority is unknown to phones. Get one from a public authority, or name yours with --ca.'),
  'certificate-chain': fault('Configure the full chain, not the server’s certificate alone: intermediate ones are missing.'),
  'certificate-expires-soon': warning('See why it has not been renewed.'),
  'tls-old': warning('Switch TLS 1.0 and 1.1 off: nothing that still gets updates needs them.'),
  'tls-unusable': fault('Current phones want TLS 1.2 or 1.3. Switch that on.'),
  'clock-skew': warning('Set the clock of the server (NTP): reminders, sync filters and certificates depend on it.'),
  'redirect-insecure': fault('A redirect leads to http: phones refuse, or send the password in clear. Set PUBLIC_URL, and X-Forwarded-Proto in the proxy.'),
  redirected: fault('Phones do not follow redirects of these requests. Answer at this very address.'),
  'autodiscover-missing': fault('Let the proxy pass /autodiscover/ and /Autodiscover/ on, with POST.'),
  'autodiscover-v2-missing': warning('Outlook mobile asks for this form. Let the proxy pass /autodiscover/autodiscover.json on.'),
  'autodiscover-wrong': fault('The answer is no usable one. It must come from the gateway, not from a web site or an error page.'),
  'autodiscover-insecure': fault('It names an http address. Set PUBLIC_URL to the https one.'),
  'autodiscover-elsewhere': warning('It names another server than the one that was checked. Is PUBLIC_URL right?'),
  'options-blocked': fault('The proxy answers OPTIONS itself or forbids it (CORS rules?). Pass OPTIONS of /Microsoft-Server-ActiveSync on.'),
  'versions-missing': fault('Phones learn the protocol versions from this header. Let the proxy keep headers that begin with MS-.'),
  'versions-old': warning('Current phones want 16.1, 14.1 at the least.'),
  'header-missing': warning('Let the proxy keep headers that begin with MS-.'),
  'not-activesync': fault('Something else answers here. Pass /Microsoft-Server-ActiveSync on to the gateway.'),
  'challenge-missing': warning('A 401 without WWW-Authenticate: Basic makes some clients give up. Let the proxy keep it.'),
  'password-wrong': fault('The server refuses the password. Try it in another program; with two factors, an app password is needed.'),
  'authorization-stripped': fault('The proxy takes the Authorization header away. Pass it on (nginx does; Apache with CGI needs CGIPassAuth).'),
  'mail-server-down': fault('The gateway runs, but not what is behind it. See that IMAP server and database answer (its /readyz and log tell which).'),
  'server-error': fault('Look into the log of the server at this minute.'),
  forbidden: fault('The account or this device is refused. Look at blocks of devices, addresses and at rules of a web application firewall.'),
  'policy-refused': fault('Provisioning fails, so phones cannot add the account. Look into the log of the server.'),
  'wipe-pending': fault('An order to wipe waits for the device “gatewaycheck”. Take it back.'),
  'hierarchy-refused': fault('Phones see no folder. Look into the log of the server.'),
  'inbox-missing': fault('A phone needs an Inbox. Look at the folders of the mailbox.'),
  'sync-refused': fault('Phones get no mail. Look into the log of the server.'),
  'base64-blocked': fault('Outlook, Nine and Windows send the query as base64. A rule of the proxy or firewall must not look into it.'),
  'gzip-mangled': fault('The answer’s bytes do not fit to its Content-Encoding. Switch compression off in the proxy for this path.'),
  'type-changed': fault('The proxy changes the Content-Type. Pass it on as it is.'),
  'answer-broken': fault('The answer is damaged on the way or cut off. Let the proxy pass bodies on unchanged.'),
  'body-limit': fault('Mails with attachments cannot be sent. Raise the limit of the proxy (nginx: client_max_body_size 60m).'),
  'proxy-timeout': fault('Phones would ask again and again, which empties the battery. Raise the proxy’s time-out (nginx: proxy_read_timeout 3700s).'),
  'ping-refused': fault('Phones get no push. Look into the log of the server.'),
  'ping-restless': warning('A wait that ends at once, again and again, empties the battery. Look into the log of the server.'),
  'well-known-missing': fault('Calendar and contacts are not found by the host name alone. Pass /.well-known/ on.'),
  'dav-missing': fault('Pass OPTIONS, the paths below /dav/ and the DAV header on.'),
  'dav-method-blocked': fault('Allow the methods of WebDAV: PROPFIND, PROPPATCH, REPORT, MKCALENDAR, MKCOL, PUT, DELETE, COPY, MOVE, LOCK, UNLOCK.'),
  'dav-broken': fault('The answer is no usable multistatus. Look into the log of the server.'),
  'collections-missing': warning('The account has none. A first login should have made one.'),
  unexpected: fault('This is not known to the check. Please report it with the output of --json.'),
} as const satisfies Readonly<Record<string, FindingKind>>; // biome-ignore format: a table

export type Code = keyof typeof FINDINGS;

/** One thing found: what was seen, in a sentence. */
export interface Found {
  readonly code: Code;
  readonly detail: string;
}

export function found(code: Code, detail: string): Found {
  return { code, detail };
}

/** What one check said. */
export interface Outcome {
  readonly check: string;
  readonly title: string;
  readonly level: Level;
  /** A remark of a check that went well, or why it was not done. */
  readonly remark?: string;
  readonly findings: readonly (Found & FindingKind)[];
}

const ORDER: readonly Level[] = ['ok', 'skipped', 'warning', 'fault'];

export function worst(levels: readonly Level[]): Level {
  return levels.reduce<Level>((worse, level) => (ORDER.indexOf(level) > ORDER.indexOf(worse) ? level : worse), 'ok');
}
