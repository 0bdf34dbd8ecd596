/**
 * Requests the engine's own plan of a statement, in a child process: the source may end it, and the statement may never end.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { LiveRelation } from '../../../model/layer.ts'
import type { Statement } from '../dialect/plan.ts'
import type { WorkerOptions } from '../messages.ts'
import { ChildProcess, NoAnswer } from './child-process.ts'

export interface ExplainJob {
  readonly options: WorkerOptions
  readonly statement: Statement
  readonly analyze: boolean
  /** A statement that counts row groups; null if there are none. */
  readonly rowGroups: Statement | null
  /** The version of a live layer that the statement reads. @default none: another layer */
  readonly live?: LiveRelation
}

export interface EnginePlan {
  /** The text of the engine. */
  readonly text: string
  readonly rowGroups: { readonly all: number; readonly left: number } | null
}

/** Seconds to load the extension and open files, in addition to the deadline of the statement. */
const OPEN_SECONDS = 30

/** Returns the engine's plan. @throws ExplainError */
export async function enginePlan(job: ExplainJob, deadlineSeconds: number): Promise<EnginePlan> {
  const folder = await mkdtemp(path.join(job.options.tempDirectory, 'geoduck-explain-'))
  const tempDirectory = path.join(folder, 'spill')
  await mkdir(tempDirectory)
  const seconds = deadlineSeconds + OPEN_SECONDS
  const { threads } = job.options
  const isolatedJob = { ...job, options: { ...job.options, tempDirectory } }
  try {
    return await ChildProcess.ask({ program: 'explain/explainer', threads, tempDirectory }, isolatedJob, 1_000 * seconds)
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    if (error.why === 'FAILED') throw new ExplainError(error.message)
    if (error.why === 'LATE') throw new ExplainError(`The query did not end within ${seconds} s: narrow it, or raise --deadline.`)
    throw new ExplainError(`The engine's process ended (${error.ending}). The same query would end a worker of a server.`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The reason why there is no plan, for the user of the command. */
export class ExplainError extends Error {
  override readonly name = 'ExplainError'
}
