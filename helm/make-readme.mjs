#!/usr/bin/env node
// Makes README.md of the chart from the comments in values.yaml: node helm/make-readme.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const folder = import.meta.dirname;

/**
 * Keys of values.yaml in their order: dotted path, the comment right above, the section's heading.
 * @returns {{ path: string, comment: string, section: string }[]}
 */
export function readKeys(text) {
  const keys = [];
  let [section, comment, parents] = ['', [], []];
  for (const line of text.split('\n')) {
    const [, indent = '', name] = /^( *)([A-Za-z]\w*):/.exec(line) ?? [];
    if (line.startsWith('## ')) section = line.slice(3);
    else if (name !== undefined) {
      parents = [...parents.slice(0, indent.length / 2), name];
      keys.push({ path: parents.join('.'), comment: comment.join(' '), section });
    }
    comment = /^ *# /.test(line) ? [...comment, line.replace(/^ *# /, '')] : [];
  }
  return keys;
}

/** Rows of the table: commented keys, with the default where no commented key lies below. */
export function rows(text) {
  const values = parse(text);
  const keys = readKeys(text).filter(({ comment }) => comment !== '');
  return keys.map((key) => {
    const above = keys.some(({ path }) => path.startsWith(`${key.path}.`));
    const value = key.path.split('.').reduce((tree, name) => tree[name], values);
    return { ...key, fallback: above ? '' : `\`${JSON.stringify(value)}\`` };
  });
}

/** The whole README. */
export function readme(text, chart) {
  const all = rows(text);
  const sections = [...new Set(all.map(({ section }) => section))];
  const tables = sections.map((section) => {
    const lines = all
      .filter((row) => row.section === section)
      .map((row) => `| \`${row.path}\` | ${cell(row.comment)} | ${cell(row.fallback)} |`);
    return [`### ${section}`, '', '| Value | What it does | Default |', '| --- | --- | --- |', ...lines].join('\n');
  });
  return `${head(chart)}\n${tables.join('\n\n')}\n`;
}

const cell = (text) => text.replaceAll('|', '\\|');

const head = ({
  name,
  version,
  appVersion,
  description,
  kubeVersion,
}) => `<!-- Made from values.yaml by make-readme.mjs; changes here are lost. -->
# ${name}

${description}. Chart ${version}, gateway ${appVersion}, Kubernetes ${kubeVersion.replace('-0', '')}.

\`\`\`sh
kubectl create namespace sync
kubectl -n sync create secret generic gateway-database --from-literal=uri='postgres://gateway:…@postgres.example.com/gateway'
helm -n sync install sync ./helm \\
  --set image.repository=registry.example.com/mobile-sync-gateway \\
  --set gateway.publicUrl=https://sync.example.com \\
  --set gateway.imapUrl=imaps://mail.example.com \\
  --set gateway.smtpUrl=smtps://mail.example.com \\
  --set gateway.mailDomain=example.com \\
  --set database.existingSecret=gateway-database \\
  --set ingress.enabled=true --set ingress.className=nginx
helm -n sync test sync
\`\`\`

- [values-small.yaml](values-small.yaml): one small company. [values-large.yaml](values-large.yaml): 50,000 users with
  CloudNativePG ([examples/cloudnative-pg.yaml](examples/cloudnative-pg.yaml)) and Redis.
- What phones need from the network, scaling, upgrades, monitoring: [docs/kubernetes.md](../docs/kubernetes.md).
- A wrong or misspelt value is refused by [values.schema.json](values.schema.json) before anything is installed.

## Values
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = (name) => readFileSync(join(folder, name), 'utf8');
  writeFileSync(join(folder, 'README.md'), readme(read('values.yaml'), parse(read('Chart.yaml'))));
}
