import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigurationError } from '../../config/configuration-error.ts'
import { duckdbVersion } from '../../config/duckdb.ts'
import { findExtension, type SpatialExtension } from '../../config/extension.ts'
import { ChildProcess, NoAnswer } from '../../engines/duckdb/host/child-process.ts'
import type { ProbedVersions, ToProbe } from '../../engines/duckdb/processes/probe/probe.ts'
import type { Finding } from './report.ts'

const PROBE_MS = 60_000

/** Checks DuckDB and its spatial extension: where it is, and whether a separate process can load it. Nothing is fetched. */
export async function checkEngine(configured: string | null): Promise<Finding[]> {
  const engine = (text: string, remedy?: string): Finding => ({
    what: 'DuckDB',
    state: remedy ? 'wrong' : 'ok',
    text,
    ...(remedy && { remedy }),
  })
  try {
    const extension = await findExtension(configured)
    if (extension === null) return [engine(duckdbVersion()), NOT_HERE]
    const began = performance.now()
    const probe = await probeExtension(extension)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    if ('failure' in probe) return [engine(duckdbVersion()), refused(extension, probe.failure)]
    const text = `${probe.spatial}, ${extension.how}: ${extension.path}; a process that loads it took ${seconds} s`
    return [engine(probe.duckdb), { what: 'spatial extension', state: 'ok', text }]
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return [
      engine(duckdbVersion()),
      { what: 'spatial extension', state: 'wrong', text: 'it is not available', remedy: error.message },
    ]
  }
}

const NOT_HERE: Finding = {
  what: 'spatial extension',
  state: 'note',
  text: 'it is not on this machine yet',
  remedy:
    "the first start fetches it (25 MB) from DuckDB's repository or the Python package index; without either, bring it and name it: --spatial-extension",
}

function refused({ path, how }: SpatialExtension, failure: string): Finding {
  const remedy =
    how === 'configured'
      ? `name the extension of DuckDB ${duckdbVersion()} for this platform, or leave --spatial-extension out`
      : 'remove that file: the next start fetches another'
  return { what: 'spatial extension', state: 'wrong', text: `${path} does not load: ${failure}`, remedy }
}

async function probeExtension({ path }: SpatialExtension): Promise<ProbedVersions | { readonly failure: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-doctor-'))
  const tempDirectory = join(folder, 'spill')
  const asked: ToProbe = { spatialExtension: path, tempDirectory }
  try {
    return await ChildProcess.ask({ program: 'probe/probe', threads: 1, tempDirectory }, asked, PROBE_MS)
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    if (error.why === 'LATE') return { failure: `no end after ${PROBE_MS / 1000} s` }
    return { failure: error.message.split('\n').at(-1) || `its process ended (${error.ending})` }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
