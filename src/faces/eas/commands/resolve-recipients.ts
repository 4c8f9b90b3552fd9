import { isDomainError } from '../../../domain/errors.js';
import { type Element, el } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { Pictures } from '../pictures.js';
import { AvailabilityReader } from '../recipients/availability.js';
import { type Candidate, candidatesFor } from '../recipients/candidates.js';
import { RESOLVE, type ResolveRequest, readResolve } from '../recipients/request.js';
import { COMMON, StatusError } from '../status.js';
import { has } from '../versions.js';

/** Status values of a Response and of Certificates. */
const RESPONSE = { Resolved: 1, Ambiguous: 2, AmbiguousPart: 3, None: 4 } as const;
const CERTIFICATES = { Success: 1, None: 7, Limit: 8 } as const;

const PICTURE = {
  picture: 'ResolveRecipients:Picture',
  status: 'ResolveRecipients:Status',
  data: 'ResolveRecipients:Data',
} as const;

/** Who is meant by a name, with free times, certificates and pictures (MS-ASCMD 2.2.1.15). */
export async function resolveRecipients(context: EasContext): Promise<EasAnswer> {
  if (!context.body) throw new StatusError(COMMON.InvalidContent, 'no body');
  const request = readResolve(context.body);
  const responses: Element[] = [];
  try {
    const found = await candidatesFor(context, request.to);
    const facts = new Facts(context, request);
    for (const to of request.to) responses.push(await response(to, found.get(to) ?? [], request, facts));
  } catch (error) {
    if (!isDomainError(error, 'unavailable')) throw error;
    throw new StatusError(RESOLVE.ServerError, error.message);
  }
  const status = el('ResolveRecipients:Status', RESOLVE.Success);
  return documentAnswer(el('ResolveRecipients:ResolveRecipients', status, responses));
}

async function response(to: string, all: readonly Candidate[], { maxAmbiguous }: ResolveRequest, facts: Facts): Promise<Element> {
  const shown = all.length > 1 ? all.slice(0, maxAmbiguous) : all;
  const recipients: Element[] = [];
  for (const candidate of shown) recipients.push(await facts.recipient(candidate));
  const several = shown.length < all.length ? RESPONSE.AmbiguousPart : RESPONSE.Ambiguous;
  const status = all.length === 0 ? RESPONSE.None : all.length === 1 ? RESPONSE.Resolved : several;
  return el(
    'ResolveRecipients:Response',
    el('ResolveRecipients:To', to),
    el('ResolveRecipients:Status', status),
    el('ResolveRecipients:RecipientCount', all.length),
    recipients,
  );
}

/** What is told of each recipient, within the limits of the request. */
class Facts {
  private readonly availability: AvailabilityReader | null;
  private readonly pictures: Pictures | null;
  private certificatesLeft: number;

  constructor(
    private readonly context: EasContext,
    private readonly request: ResolveRequest,
  ) {
    const { availability, picture, maxCertificates } = request;
    const { version } = context;
    this.availability = availability && has(version, 'availability') ? new AvailabilityReader(context, availability) : null;
    this.pictures = picture && has(version, 'pictures') ? new Pictures(picture, PICTURE) : null;
    this.certificatesLeft = maxCertificates;
  }

  async recipient(candidate: Candidate): Promise<Element> {
    return el(
      'ResolveRecipients:Recipient',
      el('ResolveRecipients:Type', candidate.type),
      el('ResolveRecipients:DisplayName', candidate.name),
      el('ResolveRecipients:EmailAddress', candidate.address),
      await this.availability?.of(candidate),
      this.certificates(candidate),
      this.pictures?.of(candidate.person?.photo),
    );
  }

  /** Those of the own address books that are good now. Mini certificates can't be made of them: then there are none. */
  private certificates({ person }: Candidate): Element | undefined {
    const { certificates } = this.request;
    if (certificates === 'none') return undefined;
    const check = this.context.services.certificates;
    const all = certificates === 'full' ? (person?.certificates ?? []) : [];
    const good = all.filter((certificate) => check.isUsable(Buffer.from(certificate, 'base64')));
    if (good.length === 0) return certificatesElement(CERTIFICATES.None, []);
    if (good.length > this.certificatesLeft) return certificatesElement(CERTIFICATES.Limit, [], good.length);
    this.certificatesLeft -= good.length;
    return certificatesElement(CERTIFICATES.Success, good);
  }
}

function certificatesElement(status: number, list: readonly string[], count = list.length): Element {
  return el(
    'ResolveRecipients:Certificates',
    el('ResolveRecipients:Status', status),
    el('ResolveRecipients:CertificateCount', count),
    count > 0 ? el('ResolveRecipients:RecipientCount', 1) : undefined,
    list.map((certificate) => el('ResolveRecipients:Certificate', certificate)),
  );
}
