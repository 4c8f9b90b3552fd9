/** What the printed instructions depend on. */
export interface Running {
  /** Addresses of this machine in its network, most likely first. */
  hosts: readonly string[];
  port: number;
  /** Whether `port` itself speaks HTTPS. */
  secure: boolean;
  dataDir: string;
  /** HTTPS with a self-made certificate beside it. */
  https?: { port: number; certificate: string };
  /** Demo accounts, or nothing where the mail server is the user's own. */
  demo?: { users: readonly string[]; password: string; imapPort: number; smtpPort: number };
}

/** The lines that script/server prints when everything answers. */
export function instructions(r: Running): string {
  return [
    '',
    'The gateway runs. Ctrl-C ends everything; the next start finds its data.',
    '',
    ...addresses(r),
    ...(r.demo ? accounts(r.demo, r.dataDir) : ['  Login        mail address and password of a mailbox of your server']),
    `  Log          ${r.dataDir}/gateway.log`,
    '',
    ...devices(r),
    '',
  ].join('\n');
}

function addresses(r: Running): string[] {
  const scheme = r.secure ? 'https' : 'http';
  return [
    `  Gateway      ${scheme}://${hostOf(r)}:${r.port}/`,
    ...(r.https ? [`               https://${hostOf(r)}:${r.https.port}/ (self-made certificate: ${r.https.certificate})`] : []),
    `  CalDAV/CardDAV  /dav/      ActiveSync  /Microsoft-Server-ActiveSync`,
  ];
}

function accounts(demo: NonNullable<Running['demo']>, dataDir: string): string[] {
  return [
    `  Login        ${demo.users.join(' or ')}, password ${demo.password}`,
    `  Mail         imap://127.0.0.1:${demo.imapPort}, smtp://127.0.0.1:${demo.smtpPort}; mail to other addresses stays in ${dataDir}/outbox`,
  ];
}

function devices(r: Running): string[] {
  const server = `${hostOf(r)}:${r.https?.port ?? r.port}`;
  const tunnel = `cloudflared tunnel --url ${r.secure ? 'https' : 'http'}://localhost:${r.port}`;
  return [
    'Add the account (docs/clients.md has the steps)',
    `  Thunderbird  calendar and address book "on the network": http${r.secure ? 's' : ''}://localhost:${r.port}/ (plain HTTP works on the same machine)`,
    `  Android      "Exchange" account, server ${server}: takes the self-made certificate after a warning; DAVx5 does too`,
    '  iPhone       "Microsoft Exchange" account, signing in by hand: needs a certificate it trusts. Either a tunnel, or install',
    '               the self-made one as a profile and switch it on under General > About > Certificate Trust Settings',
    `  Tunnel       ${tunnel}  gives a public name with a real certificate: works for all of them`,
  ];
}

function hostOf({ hosts }: Running): string {
  return hosts[0] ?? 'localhost';
}
