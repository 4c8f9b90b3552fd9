import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { repositoryRoot } from '../../support/paths.js';

it('OpenTelemetry is loaded by one dynamic import only: who has no collector does without its memory', () => {
  const files = readdirSync(join(repositoryRoot, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const naming = files.filter((name) =>
    /from '[^']*(infra\/otel\/|@opentelemetry\/)/.test(readFileSync(join(repositoryRoot, 'src', name), 'utf8')),
  );
  assert.deepEqual(naming, [join('infra', 'otel', 'tracing.ts')]);
  const app = readFileSync(join(repositoryRoot, 'src', 'app.ts'), 'utf8');
  assert.match(app, /config\.otel && \(await startOtel\(/);
  assert.match(app, /await import\('\.\/infra\/otel\/tracing\.js'\)/);
});
