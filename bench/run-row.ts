import type { Sample } from './child.ts'
import { waitForQuiet } from './machine.ts'
import { hasProxy } from './proxy.ts'
import type { Rig } from './rig.ts'
import type { Row } from './row.ts'

/** Samples of each arm, one a run; of an arm that failed, why; of one that could not be asked, why not. */
export interface RowRuns {
  readonly samples: Readonly<Record<string, readonly Sample[]>>
  readonly failed: Readonly<Record<string, string>>
  readonly skipped: Readonly<Record<string, string>>
}

/** The first round warms up and does not count. */
export async function runRow(row: Row, rig: Rig, runs: number, progress: (line: string) => void): Promise<RowRuns> {
  const samples: Record<string, Sample[]> = {}
  const failed: Record<string, string> = {}
  const skipped: Record<string, string> = {}
  for (const [name, arm] of Object.entries(row.arms)) {
    samples[name] = []
    if (arm.needs === 'python' && !rig.python) skipped[name] = 'the Python pipeline is not there'
    if (arm.needs === 'postgres' && !rig.postgres) skipped[name] = 'PostgreSQL runs only with --postgres'
    if (arm.needs === 'caddy' && !hasProxy) skipped[name] = "Debian's package caddy is not there"
  }
  for (let run = 0; run <= runs; run++) {
    for (const [name, arm] of Object.entries(row.arms)) {
      // Each run of the pipeline is a separate process, which warms up first.
      if (name in failed || name in skipped || (run === 0 && arm.needs === 'python')) continue
      const cores = await waitForQuiet(rig.patience * 1_000)
      try {
        const sample = await arm.run(rig)
        progress(`${row.id} ${name} ${run === 0 ? 'warm-up' : run}: ${show(sample)} (others: ${cores.toFixed(1)} cores)`)
        if (run > 0) samples[name]?.push(sample)
      } catch (error) {
        failed[name] = error instanceof Error ? error.message : String(error)
        progress(`${row.id} ${name} FAILED: ${failed[name]}`)
      }
    }
  }
  return { samples, failed, skipped }
}

function show(sample: Sample): string {
  return Object.entries(sample)
    .map(([key, value]) => `${key} ${Number(value.toPrecision(4))}`)
    .join(', ')
}
