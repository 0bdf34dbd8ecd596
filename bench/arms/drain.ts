import { join } from 'node:path'
import { runForSample, type Sample } from '../child.ts'
import type { DrainOptions } from '../engine/drain.ts'
import type { EngineOptions } from '../engine/session.ts'
import type { OutputKind } from '../engine/statement.ts'
import type { Rig } from '../rig.ts'
import type { Arm } from '../row.ts'

/** A worker's. */
const STREAMING_BUFFER_BYTES = 65_536

const PROGRAM = join(import.meta.dirname, '..', 'engine', 'drain.ts')

/** DuckDB merely draining the statement that the server runs for a whole layer. */
export function drainArm(layer: string, output: OutputKind): Arm {
  return { run: (rig) => drain(rig, layer, output, null) }
}

/** The same without our statement: all columns of an imported table as they lie there, at `share` of its rate. */
export function plainDrainArm(table: string, share: number): Arm {
  return {
    run: async (rig) => {
      const [store] = rig.statements.databases
      const statement = { sql: `FROM "${store!.alias}"."${table}"`, parameters: [] }
      const options: DrainOptions = { ...engineOptions(rig), statement, firstChunks: null }
      const { rowsPerSecond = Number.NaN } = await runForSample([PROGRAM, JSON.stringify(options)])
      return { rowsPerSecond: rowsPerSecond * share }
    },
  }
}

/** The engine's first chunk of it, median of `runs`. */
export function firstChunkArm(layer: string, output: OutputKind, runs: number): Arm {
  return { run: (rig) => drain(rig, layer, output, runs) }
}

async function drain(rig: Rig, layer: string, output: OutputKind, firstChunks: number | null): Promise<Sample> {
  const statement = rig.statements.wholeLayer(layer, output)
  const options: DrainOptions = { ...engineOptions(rig), statement, firstChunks }
  return await runForSample([PROGRAM, JSON.stringify(options)])
}

/** The options of a query worker. */
export function engineOptions({ extension, threads, statements }: Rig): EngineOptions {
  return { extension, threads, streamingBufferBytes: STREAMING_BUFFER_BYTES, databases: statements.databases }
}
