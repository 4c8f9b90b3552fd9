import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEnd, temporaryFolder } from '../support/cleanup.js';
import { Marionette } from './marionette.js';

const START_MS = 120_000;

/** What a first start would ask or tell, and what would go to the network of its maker. */
const QUIET: Readonly<Record<string, string | number | boolean>> = {
  'app.donation.eoy.version.viewed': 999,
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'datareporting.healthreport.uploadEnabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'datareporting.policy.dataSubmissionPolicyBypassNotification': true,
  'extensions.getAddons.cache.enabled': false,
  'extensions.update.enabled': false,
  'mail.rights.override': true,
  'mail.shell.checkDefaultClient': false,
  'mail.spotlight.firstRunDone': true,
  'mailnews.start_page.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'remote.prefs.recommended': false, // those would keep it from remembering passwords
  'services.settings.server': 'http://127.0.0.1:9/',
  'toolkit.telemetry.enabled': false,
};

/** Starts Thunderbird on a display of its own with a new profile, and connects to it. */
export async function startThunderbird(proxyPort: number): Promise<Marionette> {
  const home = await temporaryFolder('gw-thunderbird');
  const profile = join(home, 'profile');
  await mkdir(profile);
  await writeFile(join(profile, 'user.js'), preferences({ ...QUIET, ...reachingUs(proxyPort) }));
  const display = await startDisplay();
  const args = ['--profile', profile, '--no-remote', '--marionette', '--remote-allow-system-access'];
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    DISPLAY: display,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    MOZ_CRASHREPORTER_DISABLE: '1',
  };
  // Without a D-Bus session it would start one that stays behind.
  const child = start('dbus-run-session', 'dbus-daemon', ['--', 'thunderbird', ...args], env);
  const client = await Marionette.connect(await activePort(profile, child));
  onEnd(() => client.close());
  return client;
}

function reachingUs(port: number): Record<string, string | number | boolean> {
  const proxy = { 'network.proxy.http': '127.0.0.1', 'network.proxy.ssl': '127.0.0.1' };
  return {
    ...proxy,
    'network.proxy.type': 1,
    'network.proxy.http_port': port,
    'network.proxy.ssl_port': port,
    'marionette.port': 0,
  };
}

function preferences(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join('');
}

/** An X server without a screen; gives its DISPLAY. */
async function startDisplay(): Promise<string> {
  const child = start('Xvfb', 'xvfb', ['-displayfd', '1', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp'], process.env);
  let text = '';
  for await (const chunk of child.stdout!) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  if (!/^\d+/.test(text)) throw new Error('Xvfb did not start');
  return `:${text.trim()}`;
}

function start(program: string, debian: string, args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  child.on('error', (error) => console.error(`${program} (Debian package ${debian}): ${error.message}`));
  const gone = once(child, 'exit').catch(() => {});
  onEnd(async () => {
    if (child.pid && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    await gone;
  });
  return child;
}

/** The port that Marionette wrote into the profile once it listens. */
async function activePort(profile: string, child: ChildProcess): Promise<number> {
  const end = Date.now() + START_MS;
  for (;;) {
    const text = await readFile(join(profile, 'MarionetteActivePort'), 'utf8').catch(() => '');
    if (text.trim()) return Number(text);
    if (child.exitCode !== null || Date.now() > end) throw new Error('Thunderbird did not start');
    await sleep(100);
  }
}
