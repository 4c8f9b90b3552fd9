import type { Runner } from '../infra/unprivileged.js';

/** What decides Dovecot's own configuration file. Ports are TCP ports on 127.0.0.1. */
export interface DovecotConfig {
  base: string;
  dir: string;
  runner: Pick<Runner, 'user' | 'group'>;
  ports: DovecotPorts;
  users: 'anybody' | 'listed';
  password: string;
  trusted: string;
  authFailureDelay: number;
  authPenalty: boolean;
  hibernateAfter: number;
  mailLocation: string;
  tls?: { cert: string; key: string };
  /** Port on 127.0.0.1 that takes what Dovecot itself sends, such as automatic replies. */
  relay?: number;
  /** Further lines at the end of the file. */
  extra?: string;
}

export interface DovecotPorts {
  imap: number;
  lmtp: number;
  imaps?: number;
  managesieve?: number;
}

/** Folders every new mailbox gets, with the use RFC 6154 gives them. */
const FOLDERS: Readonly<Record<string, string>> = {
  Drafts: '\\Drafts',
  Sent: '\\Sent',
  Trash: '\\Trash',
  Junk: '\\Junk',
  Archive: '\\Archive',
};

/** Text of dovecot.conf (2.3 syntax) for an instance that runs wholly under one ordinary user. */
export function dovecotConfig(c: DovecotConfig): string {
  return [
    ...global(c),
    ...login(c),
    ...mailboxes(),
    ...services(c),
    ...(c.hibernateAfter > 0 ? hibernation(c.hibernateAfter) : []),
    ...(c.ports.managesieve ? sieve(c.ports.managesieve) : []),
    ...(c.relay ? [`submission_host = 127.0.0.1:${c.relay}`] : []),
    ...(c.extra ? [c.extra] : []),
    '',
  ].join('\n');
}

function global(c: DovecotConfig): string[] {
  return [
    `base_dir = ${c.base}`,
    `state_dir = ${c.dir}/state`,
    'log_path = /dev/stderr',
    `protocols = imap lmtp${c.ports.managesieve ? ' sieve' : ''}`,
    'listen = 127.0.0.1',
    `default_internal_user = ${c.runner.user}`,
    `default_internal_group = ${c.runner.group}`,
    `default_login_user = ${c.runner.user}`,
    'first_valid_uid = 1',
    'first_valid_gid = 1',
    `mail_location = ${c.mailLocation}`,
    'mail_max_userip_connections = 5000',
    'recipient_delimiter = +',
    'default_client_limit = 20000',
    ...(c.tls ? ['ssl = yes', `ssl_cert = <${c.tls.cert}`, `ssl_key = <${c.tls.key}`] : ['ssl = no']),
  ];
}

function login(c: DovecotConfig): string[] {
  const owner = `uid=${c.runner.user} gid=${c.runner.group} home=${c.dir}/mail/%Lu`;
  const listed = `username_format=%Lu ${c.dir}/users`;
  return [
    'disable_plaintext_auth = no',
    'auth_mechanisms = plain login',
    'auth_username_format = %Lu',
    'auth_verbose = yes',
    `auth_failure_delay = ${c.authFailureDelay} secs`,
    ...(c.trusted ? [`login_trusted_networks = ${c.trusted}`] : []),
    ...(c.users === 'listed'
      ? block('passdb', ['driver = passwd-file', `args = scheme=PLAIN ${listed}`])
      : block('passdb', ['driver = static', `args = password=${c.password}`])),
    ...(c.users === 'listed'
      ? block('userdb', ['driver = passwd-file', `args = ${listed}`, `override_fields = ${owner}`])
      : block('userdb', ['driver = static', `args = ${owner} allow_all_users=yes`])),
  ];
}

function mailboxes(): string[] {
  return block('namespace inbox', [
    'inbox = yes',
    'separator = /',
    ...Object.entries(FOLDERS).flatMap(([name, use]) => block(`mailbox ${name}`, ['auto = subscribe', `special_use = ${use}`])),
  ]);
}

/** An ordinary user may not chroot; and one that logs in a thousand clients needs more than the default room. */
function services(c: DovecotConfig): string[] {
  const penalty = c.authPenalty ? [] : block('unix_listener anvil-auth-penalty', ['mode = 0']);
  return [
    ...block('service anvil', ['chroot =', ...penalty]),
    ...block('service stats', ['chroot =']),
    ...block('service imap-urlauth-login', ['chroot =', 'process_limit = 1']),
    ...block('service imap', ['process_limit = 6000']),
    ...block('service imap-login', [
      'chroot =',
      'service_count = 0',
      'process_min_avail = 1',
      'process_limit = 2',
      ...inet('imap', c.ports.imap),
      ...inet('imaps', c.ports.imaps ?? 0, c.ports.imaps ? ['ssl = yes'] : []),
    ]),
    ...block('service lmtp', ['process_limit = 16', ...inet('lmtp', c.ports.lmtp)]),
  ];
}

function hibernation(seconds: number): string[] {
  return [
    `imap_hibernate_timeout = ${seconds} secs`,
    ...block('service imap', block('unix_listener imap-master', ['mode = 0600'])),
    ...block('service imap-hibernate', block('unix_listener imap-hibernate', ['mode = 0600'])),
  ];
}

function sieve(port: number): string[] {
  return [
    ...block('service managesieve-login', ['chroot =', ...inet('sieve', port)]),
    ...block('protocol lmtp', ['mail_plugins = $mail_plugins sieve']),
    ...block('plugin', ['sieve = file:~/sieve;active=~/.dovecot.sieve']),
  ];
}

function inet(name: string, port: number, more: readonly string[] = []): string[] {
  return block(`inet_listener ${name}`, ['address = 127.0.0.1', `port = ${port}`, ...more]);
}

function block(head: string, lines: readonly string[]): string[] {
  return [`${head} {`, ...lines.map((line) => `  ${line}`), '}'];
}
