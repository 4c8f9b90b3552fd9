/** SOGo's own file, in the property-list syntax that it reads. Passwords are in clear, mail stays on this machine. */
export function sogoConfig(c: {
  readonly home: string;
  readonly databaseUrl: string;
  readonly imapPort: number;
  readonly smtpPort: number;
  readonly memcached: number;
}): string {
  const base = c.databaseUrl.replace(/^postgres:/, 'postgresql:');
  const settings: Readonly<Record<string, string>> = {
    SOGoProfileURL: `"${base}/sogo_user_profile"`,
    OCSFolderInfoURL: `"${base}/sogo_folder_info"`,
    OCSSessionsFolderURL: `"${base}/sogo_sessions_folder"`,
    OCSEMailAlarmsFolderURL: `"${base}/sogo_alarms_folder"`,
    SOGoUserSources: `({ type = sql; id = users; viewURL = "${base}/users"; canAuthenticate = YES; isAddressBook = YES;
      displayName = "Users"; userPasswordAlgorithm = plain; })`,
    SOGoLanguage: 'English',
    SOGoTimeZone: 'UTC',
    SOGoMailDomain: '"example.test"',
    SOGoAppointmentSendEMailNotifications: 'NO',
    SOGoMailingMechanism: 'smtp',
    SOGoSMTPServer: `"smtp://127.0.0.1:${c.smtpPort}"`,
    SOGoIMAPServer: `"imap://127.0.0.1:${c.imapPort}"`,
    SOGoSentFolderName: 'Sent',
    SOGoTrashFolderName: 'Trash',
    SOGoDraftsFolderName: 'Drafts',
    SOGoJunkFolderName: 'Junk',
    SOGoMailSpoolPath: `"${c.home}/spool"`,
    SOGoIMAPAclConformsToIMAPExt: 'YES',
    SOGoVacationEnabled: 'NO',
    SOGoForwardEnabled: 'NO',
    SOGoSieveScriptsEnabled: 'NO',
    SOGoMemcachedHost: `"127.0.0.1:${c.memcached}"`,
  };
  const lines = Object.entries(settings).map(([name, value]) => `  ${name} = ${value};`);
  return ['{', ...lines, '}', ''].join('\n');
}

/** The proxy before SOGo: the headers that SOGo wants, connections kept open to clients. */
export function nginxConfig(c: { readonly home: string; readonly sogo: number; readonly nginx: number }): string {
  const headers: Readonly<Record<string, string>> = {
    Host: '$http_host',
    'X-Real-IP': '$remote_addr',
    'X-Forwarded-For': '$proxy_add_x_forwarded_for',
    'x-webobjects-server-protocol': 'HTTP/1.0',
    'x-webobjects-remote-host': '127.0.0.1',
    'x-webobjects-server-name': '$server_name',
    'x-webobjects-server-port': '$server_port',
    'x-webobjects-server-url': '$scheme://$http_host',
  };
  return `daemon off;
worker_processes 1;
pid ${c.home}/nginx.pid;
error_log ${c.home}/nginx.log error;
events { worker_connections 1024; }
http {
  access_log off;
  client_max_body_size 64m;
  keepalive_requests 100000;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${c.home}/nginx/${kind};`).join('\n')}
  server {
    listen 127.0.0.1:${c.nginx} backlog=1024;
${Object.entries(headers)
  .map(([name, value]) => `    proxy_set_header ${name} ${value};`)
  .join('\n')}
    proxy_read_timeout 3600;
    proxy_send_timeout 3600;
    proxy_buffer_size 64k;
    proxy_buffers 8 64k;
    location ^~ /SOGo { proxy_pass http://127.0.0.1:${c.sogo}; }
    location ^~ /Microsoft-Server-ActiveSync { proxy_pass http://127.0.0.1:${c.sogo}/SOGo/Microsoft-Server-ActiveSync; }
  }
}
`;
}
