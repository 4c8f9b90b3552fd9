import { AUTO_SCHEDULE } from '../../../domain/scheduling/scheduling.js';
import type { DavReply } from '../message.js';
import type { Place } from '../paths.js';

/** Compliance classes and extensions that hold (RFC 4918 §18, RFC 3744 §7.2, RFC 4791 §5.1, RFC 6352 §6.1, RFC 5689 §3.1, RFC 7953 §7.1). */
export const DAV_CLASSES = [
  '1, 2, 3, access-control, extended-mkcol, calendar-access, addressbook, calendar-managed-attachments, calendar-no-timezone, calendar-availability',
  ...(AUTO_SCHEDULE ? ['calendar-auto-schedule'] : []),
  'calendarserver-sharing, resource-sharing, calendar-proxy, add-member, webdav-push',
].join(', ');

const READ = ['OPTIONS', 'PROPFIND', 'REPORT'];
const ITEM = [
  'OPTIONS',
  'GET',
  'HEAD',
  'PUT',
  'POST',
  'DELETE',
  'PROPFIND',
  'PROPPATCH',
  'COPY',
  'MOVE',
  'REPORT',
  'LOCK',
  'UNLOCK',
];

/** Methods by place, as Allow lists them. */
const METHODS: Readonly<Record<Place['at'], readonly string[]>> = {
  root: READ,
  context: READ,
  'well-known': READ,
  principals: READ,
  principal: [...READ, 'PROPPATCH'],
  proxy: [...READ, 'PROPPATCH'],
  homes: READ,
  home: [...READ, 'PROPPATCH', 'POST'],
  outbox: [...READ, 'POST'],
  inbox: [...READ, 'PROPPATCH'],
  message: [...READ, 'GET', 'HEAD', 'DELETE'],
  push: ['OPTIONS', 'DELETE'],
  attachment: ['OPTIONS', 'GET', 'HEAD'],
  collection: [
    'OPTIONS',
    'GET',
    'HEAD',
    'DELETE',
    'PROPFIND',
    'PROPPATCH',
    'MKCOL',
    'MKCALENDAR',
    'COPY',
    'MOVE',
    'REPORT',
    'LOCK',
    'UNLOCK',
  ],
  item: ITEM,
  files: READ,
  file: [...ITEM.filter((method) => method !== 'POST'), 'MKCOL'],
  nowhere: ['OPTIONS'],
};

export function allow(place: Place): string {
  return METHODS[place.at].join(', ');
}

/**
 * OPTIONS answers everybody, everywhere: iOS drops the connection when the principal's answer has no DAV header, and asks
 * it before it logs in.
 */
export function options(place: Place): DavReply {
  return { status: 200, headers: { DAV: DAV_CLASSES, Allow: allow(place), 'MS-Author-Via': 'DAV' } };
}
