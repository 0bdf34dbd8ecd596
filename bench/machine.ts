/** The machine may be shared: each side of a comparison begins in the same quiet, as far as it can be had. */
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 300

/** Waits until all processes together use less than half a core, at most `longestMs`. @returns cores in use at the end */
export async function waitForQuiet(longestMs: number): Promise<number> {
  const start = performance.now()
  for (;;) {
    const [busy, at] = [busyMs(), performance.now()]
    await sleep(LOOK_MS)
    const cores = (busyMs() - busy) / (performance.now() - at)
    if (cores < 0.5 || performance.now() - start > longestMs) return cores
  }
}

/** Core milliseconds so far, of everything but idling. */
function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
}
