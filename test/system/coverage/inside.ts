/**
 * Counts, inside a process of the product, the functions that run: loaded by Node's `--import` with the folder for its reports in the import's query.
 * SIGUSR2 writes what ran since the last SIGUSR2 to `PID.json`. Precise coverage costs every call a few nanoseconds, so nothing is timed here.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { join } from 'node:path'

const folder = new URL(import.meta.url).searchParams.get('folder')
if (folder === null) throw new Error('the import names no folder')

const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })

process.on('SIGUSR2', () => {
  session.post('Profiler.takePreciseCoverage', (error, coverage) => {
    if (error) throw error
    const report = join(folder, `${process.pid}.json`)
    writeFileSync(`${report}.part`, JSON.stringify(entered(coverage.result)))
    renameSync(`${report}.part`, report)
  })
})

/** URLs of the modules of which a function ran. The function that starts at 0 is the module itself, which runs when it is loaded. */
function entered(
  scripts: readonly { url: string; functions: readonly { ranges: readonly { startOffset: number; count: number }[] }[] }[],
) {
  return scripts
    .filter(({ functions }) =>
      functions.some(({ ranges: [range] }) => range !== undefined && range.startOffset > 0 && range.count > 0),
    )
    .map(({ url }) => url)
    .filter((url) => url.startsWith('file:'))
}
