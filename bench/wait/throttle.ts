/**
 * Lets processes run for a share of the time, each in its turn: the arguments are the share (0 to 1) and their pids. What they then
 * carry together is told by their number, not by who else needs the processor. Lets them go when its parent does.
 */
const PERIOD_MS = 40;

const share = Number(process.argv[2]);
const pids = process.argv.slice(3).map(Number);
const begun = performance.now();
const running = new Map<number, boolean>();

function turn(): void {
  const now = (performance.now() - begun) / PERIOD_MS;
  for (const [n, pid] of pids.entries()) set(pid, (now + n / pids.length) % 1 < share);
}

function set(pid: number, runs: boolean): void {
  if (running.get(pid) === runs) return;
  running.set(pid, runs);
  try {
    process.kill(pid, runs ? 'SIGCONT' : 'SIGSTOP');
  } catch {
    pids.splice(pids.indexOf(pid), 1);
  }
}

function end(): void {
  clearInterval(timer);
  for (const pid of [...pids]) set(pid, true);
  process.exit();
}

const timer = setInterval(turn, 1);
process.on('disconnect', end);
