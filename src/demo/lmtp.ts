import { createTransport } from 'nodemailer';

/** Hands a raw message to the LMTP server (RFC 2033) on that port of 127.0.0.1; throws when any recipient is refused. */
export async function deliverByLmtp(port: number, to: readonly string[], raw: string | Uint8Array, from?: string): Promise<void> {
  const transport = createTransport({ lmtp: true, host: '127.0.0.1', port, secure: false, ignoreTLS: true } as object);
  try {
    const bytes = typeof raw === 'string' ? Buffer.from(raw.replace(/\r?\n/g, '\r\n')) : Buffer.from(raw);
    const done = await transport.sendMail({ envelope: { from: from ?? 'sender@elsewhere.test', to: [...to] }, raw: bytes });
    if (done.rejected.length > 0) throw new Error(`LMTP server refused ${done.rejected.join(', ')}: ${done.response}`);
  } finally {
    transport.close();
  }
}
