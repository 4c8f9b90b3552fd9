/** FAULTS=full (script/faults sets it): the sizes of the goals; otherwise small ones, for every run of the tests. */
export const FULL = process.env.FAULTS === 'full';

export const size = (quick: number, full: number): number => (FULL ? full : quick);
