import type { Item } from '../../../domain/pim/model.js';
import type { XmlElement } from '../../../formats/xml/read.js';
import { attributeText } from '../../../formats/xml/write.js';
import type { Exchange } from '../exchange.js';
import type { DavReply } from '../message.js';
import { multistatusOf, statusRow } from '../multistatus.js';
import { askedIn, Planner } from '../props/plan.js';

/** calendar-multiget on the scheduling inbox (RFC 6638 §2.2). */
export async function inboxMultiget(x: Exchange, planner: Planner, hrefs: readonly string[]): Promise<DavReply> {
  const messages = await x.services.scheduling.inbox(x.session);
  const rows = hrefs.map((href) => {
    const place = x.placeOf(href);
    const here = place?.at === 'message' && x.isSelf(place.user) ? place.name : null;
    const message = messages.find(({ name }) => name === here);
    return message === undefined ? statusRow(attributeText(href), 404) : planner.row(x.messageResource(message));
  });
  return multistatusOf(await Promise.all(rows));
}

/** calendar-query on the scheduling inbox. */
export async function inboxQuery(x: Exchange, body: XmlElement, test: (item: Item) => boolean): Promise<DavReply> {
  const planner = new Planner(x, askedIn(body));
  const messages = (await x.services.scheduling.inbox(x.session)).map((message) => x.messageResource(message));
  const found = messages.filter(
    ({ item }) => item !== null && test({ id: '', uid: uidOf(item.text), origin: '', ...item } as Item),
  );
  return multistatusOf(await Promise.all(found.map((message) => planner.row(message))));
}

function uidOf(text: string | undefined): string {
  return /^UID:(.*?)\r?$/m.exec(text ?? '')?.[1] ?? '';
}
