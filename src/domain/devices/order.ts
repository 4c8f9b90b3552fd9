import type { Id, Scope } from '../types.js';

/**
 * One request after the other for a device and collection, over all processes. What a phone sends twice, because an answer
 * was lost on its way, may reach two of them; the older one must not write after the newer one is done.
 */
export interface DeviceOrder {
  /**
   * Waits until no other process works on these collections of the device; disposing the result lets the next one in.
   * A process that dies holds nothing. @throws DomainError `unavailable`
   */
  enter(s: Scope, device: string, collections: readonly Id[]): Promise<Disposable>;
}
