import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseImapUrl } from '../../../../src/infra/imap/url.js';
import { parseSmtpUrl } from '../../../../src/infra/smtp/url.js';

describe('mail server URLs', () => {
  const good: [(text: string) => unknown, string, unknown][] = [
    [parseImapUrl, 'imap://mail.example.test', ['mail.example.test', 143, 'starttls', true]],
    [parseImapUrl, 'imap://mail.example.test:1143?tls=off', ['mail.example.test', 1143, 'none', true]],
    [parseImapUrl, 'imap://[::1]:1143/?tls=insecure', ['::1', 1143, 'starttls', false]],
    [parseImapUrl, 'imaps://mail.example.test', ['mail.example.test', 993, 'tls', true]],
    [parseImapUrl, 'imaps://mail.example.test?tls=insecure', ['mail.example.test', 993, 'tls', false]],
    [parseSmtpUrl, 'smtp://mx.example.test', ['mx.example.test', 587, 'starttls', true]],
    [parseSmtpUrl, 'smtp://127.0.0.1:2525?tls=off', ['127.0.0.1', 2525, 'none', true]],
    [parseSmtpUrl, 'smtps://mx.example.test', ['mx.example.test', 465, 'tls', true]],
  ];
  for (const [parse, text, expected] of good) it(text, () => assert.deepEqual(Object.values(parse(text) as object), expected));

  const bad = [
    '',
    'mail.example.test',
    'http://x',
    'smtp://x',
    'imap://',
    'imap://u:p@x',
    'imap://x/path',
    'imap://x?tls=maybe',
    'imap://x?starttls=no',
    'imaps://x?tls=off',
  ];
  for (const text of bad) it(`refuses ${text}`, () => assert.throws(() => parseImapUrl(text), Error));
});
