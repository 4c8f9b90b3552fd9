import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../support/paths.js';

/** An import of a file in src or migrations. `to` is a path of ours without extension, or the name of a package. */
interface Import {
  from: string;
  to: string;
  own: boolean;
}

/** A place is a path prefix. Each place may import itself and what is listed (docs/architecture.md, direction of dependencies). */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/formats/': [],
  'src/domain/': ['src/formats/'],
  'src/faces/eas/': ['src/domain/', 'src/formats/'],
  'src/faces/dav/': ['src/domain/', 'src/formats/'],
  'src/faces/mail-push/': ['src/domain/', 'src/formats/'],
  'src/faces/autodiscover/': ['src/domain/', 'src/formats/'],
  'src/faces/web/': ['src/domain/', 'src/formats/'],
  'src/http/': ['src/domain/', 'src/formats/'],
  'src/infra/': ['src/domain/', 'src/formats/'],
  'src/demo/': ['src/infra/', 'src/formats/'],
  'src/doctor/': ['src/formats/'],
  migrations: [],
};

/** Files that join the parts, and so may import anything of ours; nothing else imports the first three. */
const TOP = ['src/app', 'src/main', 'src/cli', 'src/config', 'src/devices', 'src/log', 'src/mail-servers', 'src/workers'];
const IMPORTED_BY_NOBODY = ['src/app', 'src/main', 'src/cli', 'src/demo/'];

/** Arrows inside the domain go one way: what is below must not know what is above, and calendars do not know mail. */
const NOT_INSIDE_DOMAIN: readonly [from: string, to: readonly string[]][] = [
  ['src/domain/pim/', ['src/domain/mail/', 'src/domain/scheduling/', 'src/domain/devices/', 'src/domain/accounts/']],
  ['src/domain/mail/', ['src/domain/pim/', 'src/domain/scheduling/', 'src/domain/devices/', 'src/domain/accounts/']],
  ['src/domain/changes/', ['src/domain/pim/', 'src/domain/mail/', 'src/domain/itip/', 'src/domain/devices/']],
  ['src/domain/itip/', ['src/domain/pim/', 'src/domain/mail/', 'src/domain/scheduling/', 'src/domain/notify/']],
];

/** Package -> places that may name it. Where a package is missing here, a new dependency wants its place first. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  express: [
    'src/http/',
    'src/faces/eas/endpoint',
    'src/faces/dav/endpoint',
    'src/faces/mail-push/endpoint',
    'src/faces/autodiscover/endpoint',
    'src/faces/web/endpoint',
    'src/app',
  ],
  'prom-client': ['src/http/'],
  'web-push': ['src/infra/webpush/'],
  redis: ['src/infra/bus/'],
  '@opentelemetry/api': ['src/infra/otel/'],
  '@opentelemetry/context-async-hooks': ['src/infra/otel/'],
  '@opentelemetry/core': ['src/infra/otel/'],
  '@opentelemetry/exporter-trace-otlp-http': ['src/infra/otel/'],
  '@opentelemetry/resources': ['src/infra/otel/'],
  '@opentelemetry/sdk-trace': ['src/infra/otel/'],
  pino: ['src/log'],
  xml2js: ['src/formats/xml/'],
  'ical.js': ['src/formats/ical/'],
  'rrule-temporal': ['src/formats/ical/'],
  vcard4: ['src/formats/vcard/'],
  'qrcode-generator': ['src/formats/qr/'],
  sharp: ['src/formats/images/'],
  'html-to-text': ['src/formats/mime/'],
  'iconv-lite': ['src/formats/', 'src/demo/'],
  libmime: ['src/formats/mime/', 'src/infra/imap/'],
  'postal-mime': ['src/formats/mime/'],
  imapflow: ['src/infra/imap/', 'src/demo/'],
  nodemailer: ['src/infra/smtp/', 'src/formats/mime/', 'src/demo/'],
  'smtp-server': ['src/demo/'],
  typeorm: ['src/infra/db/', 'migrations', 'src/app'],
  pg: ['src/infra/db/', 'src/infra/bus/', 'migrations'],
};

const imports = ['src', 'migrations'].flatMap((folder) => sources(folder)).flatMap(importsOf);

test('the imports are read at all', () => {
  assert.ok(imports.length > 100, `only ${imports.length} imports found`);
  assert.ok(imports.some(({ own }) => own) && imports.some(({ to }) => to === 'express'));
});

test('every source file has a place', () => {
  const strays = sources('src').filter((file) => placeOf(file) === undefined && !TOP.includes(bare(file)));
  assert.deepEqual(strays, [], 'a new folder or top file needs a row in MAY_IMPORT or TOP');
});

test('arrows go from the faces and infra to the domain and to the formats, never back', () => {
  refuse(
    imports.filter(({ own, from, to }) => own && !allowed(from, to)),
    ({ from, to }) => `${from} imports ${to}, but may import only ${[placeOf(from)!, ...MAY_IMPORT[placeOf(from)!]!].join(', ')}`,
  );
});

test('nothing imports what joins the parts', () => {
  const top = (path: string) => IMPORTED_BY_NOBODY.some((place) => path.startsWith(place));
  refuse(
    imports.filter(({ own, from, to }) => own && top(to) && !top(from)),
    ({ from, to }) => `${from} imports ${to}, which stands at the top`,
  );
});

test('arrows inside the domain go one way', () => {
  const wrong = ({ from, to }: Import) =>
    NOT_INSIDE_DOMAIN.some(([place, not]) => from.startsWith(place) && not.some((p) => to.startsWith(p)));
  refuse(imports.filter(wrong), ({ from, to }) => `${from} imports ${to}: this arrow points the wrong way inside the domain`);
});

test('each package is named in its own place only', () => {
  const wrong = imports.filter(({ own, from, to }) => !own && !(PACKAGES[to] ?? []).some((place) => from.startsWith(place)));
  refuse(
    wrong,
    ({ from, to }) =>
      `${from} imports the package ${to}, which belongs to ${PACKAGES[to]?.join(', ') ?? 'no place yet: add a row to PACKAGES'}`,
  );
});

test('what runs in production needs no development package', () => {
  const { dependencies } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as { dependencies: object };
  const wrong = imports.filter(({ own, to }) => !own && !(to in dependencies));
  refuse(wrong, ({ from, to }) => `${from} imports ${to}, which is not among the dependencies of package.json`);
});

function refuse(wrong: readonly Import[], say: (found: Import) => string): void {
  assert.equal(wrong.length, 0, `\n${wrong.map((found) => `  ${say(found)}`).join('\n')}\n`);
}

function allowed(from: string, to: string): boolean {
  const place = placeOf(from);
  if (place === undefined) return true; // the top files; that nobody else stands there is a test of its own
  return [place, ...MAY_IMPORT[place]!].some((prefix) => to.startsWith(prefix));
}

function placeOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT).find((place) => path.startsWith(place));
}

/** Paths of all TypeScript files of a folder, from the repository root. */
function sources(folder: string): string[] {
  const names = readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

function bare(file: string): string {
  return file.replace(/\.[tj]s$/, '');
}

/** Static and dynamic imports and re-exports; comments hold none of that shape at the start of a line. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(repositoryRoot, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\b[^;'"`]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...statements].flatMap(([, named, bareImport, dynamic]): Import[] => {
    const specifier = named ?? bareImport ?? dynamic!;
    if (specifier.startsWith('.')) return [{ from: bare(file), to: bare(normalize(join(dirname(file), specifier))), own: true }];
    const name = packageOf(specifier);
    return specifier.startsWith('node:') || builtinModules.includes(name) ? [] : [{ from: bare(file), to: name, own: false }];
  });
}

/** `nodemailer/lib/mail-composer` -> `nodemailer`. */
function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}
