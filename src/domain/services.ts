import type { CertificateCheck } from './accounts/certificates.js';
import type { Directory } from './accounts/directory.js';
import type { OutOfOfficeService } from './accounts/out-of-office.js';
import type { Attachments } from './attachments/attachments.js';
import type { DeviceStore } from './devices/model.js';
import type { DeviceOrder } from './devices/order.js';
import type { Files } from './files/model.js';
import type { LockStore } from './locks/model.js';
import type { Notebooks } from './mail/notebooks.js';
import type { MailNotes } from './mail/notes.js';
import type { Mail } from './mail/service.js';
import type { Meter } from './meter.js';
import type { ChangeHub } from './notify/hub.js';
import type { DeviceTurns } from './notify/turns.js';
import type { Pim } from './pim/service.js';
import type { Push } from './push/push.js';
import type { Availability } from './scheduling/availability.js';
import type { Scheduling } from './scheduling/scheduling.js';
import type { Clock, Logger } from './types.js';

/** Everything a face may use: one object, made by app.ts. */
export interface Services {
  readonly pim: Pim;
  readonly mail: Mail;
  readonly mailNotes: MailNotes;
  /** Notes that Apple's apps keep in the mailbox. */
  readonly notebooks: Notebooks;
  readonly directory: Directory;
  readonly outOfOffice: OutOfOfficeService;
  readonly certificates: CertificateCheck;
  readonly availability: Availability;
  readonly scheduling: Scheduling;
  readonly attachments: Attachments;
  readonly files: Files;
  readonly locks: LockStore;
  readonly devices: DeviceStore;
  /** Absent where there is one process only: its own locks are enough. */
  readonly order?: DeviceOrder;
  /** Absent where there is one process only: it knows its devices' requests. */
  readonly turns?: DeviceTurns;
  readonly push: Push;
  readonly meter?: Meter;
  readonly hub: ChangeHub;
  readonly clock: Clock;
  readonly log: Logger;
  /** Absolute base URL under which clients reach the gateway, without a trailing slash. */
  readonly publicUrl: string;
}
