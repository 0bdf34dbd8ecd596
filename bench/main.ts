/** `npm run bench`: runs the table's rows, prints them, writes them as JSON, and fails where a threshold is missed. */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { evaluate, type Result } from './evaluate.ts'
import { parseOptions } from './options.ts'
import { CACHE } from './paths.ts'
import { openRig } from './rig.ts'
import { runRow } from './run-row.ts'
import { table } from './table.ts'

const options = parseOptions(process.argv)
const progress = (line: string) => process.stderr.write(`${line}\n`)
const rig = await openRig(options, progress)
if (!rig.python) progress('THE PYTHON PIPELINE IS NOT THERE (../shared/bench): the rows that compare with it are skipped')
if (!rig.postgres) progress('WITHOUT --postgres: no row is compared with node-postgres and PostGraphile')

// The servers and the cluster would outlive a bench that is interrupted.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void rig.stop().finally(() => process.exit(1)))

const results: Result[] = []
try {
  for (const row of options.rows) results.push(...evaluate(row, await runRow(row, rig, options.runs ?? row.runs ?? 5, progress)))
} finally {
  await rig.stop()
}

const date = new Date().toISOString()
const [processor] = cpus()
const machine = { processors: cpus().length, model: processor?.model, node: process.version, workerThreads: rig.threads }
const report = JSON.stringify({ date, runs: options.runs, machine, results }, null, 2)
await mkdir(CACHE, { recursive: true })
await writeFile(join(CACHE, 'results.json'), report)
await writeFile(join(CACHE, `results-${date.replaceAll(':', '-')}.json`), report)
process.stdout.write(`${table(results)}\n`)
const missed = results.filter(({ verdict }) => verdict === 'MISS').length
process.stdout.write(`${results.length - missed} of ${results.length} figures hold\n`)
process.exitCode = missed > 0 ? 1 : 0
