import { autodiscover } from './checks/autodiscover.js';
import { dav } from './checks/dav.js';
import { login } from './checks/login.js';
import { phone } from './checks/phone.js';
import { transport } from './checks/transport.js';
import { wait } from './checks/wait.js';
import type { Check } from './engine.js';

/** All checks in the order in which they are made; the one that takes long comes last. */
export const CHECKS: readonly Check[] = [...transport, ...autodiscover, ...login, ...phone, ...dav, ...wait];
