/** Asks the engine for its plan, in a process of its own: what it reads may end it, and what it runs may never end. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Statement } from '../dialect/plan.ts'
import type { WorkerOptions } from '../messages.ts'
import { ChildProcess, NoAnswer } from './child-process.ts'

export interface ExplainJob {
  readonly options: WorkerOptions
  readonly statement: Statement
  readonly analyze: boolean
  /** Of row groups; null: there is nothing to count. */
  readonly rowGroups: Statement | null
}

export interface EnginePlan {
  /** The engine's own text. */
  readonly text: string
  readonly rowGroups: { readonly all: number; readonly left: number } | null
}

/** To load the extension and look at files, beside what the question itself may take. */
const OPEN_SECONDS = 30

/** @throws ExplainError */
export async function enginePlan(job: ExplainJob, deadlineSeconds: number): Promise<EnginePlan> {
  const folder = await mkdtemp(path.join(job.options.tempDirectory, 'geoduck-explain-'))
  const tempDirectory = path.join(folder, 'spill')
  await mkdir(tempDirectory)
  const seconds = deadlineSeconds + OPEN_SECONDS
  const { threads } = job.options
  const asked = { ...job, options: { ...job.options, tempDirectory } }
  try {
    return await ChildProcess.ask({ program: 'explain/explainer', threads, tempDirectory }, asked, 1_000 * seconds)
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    if (error.why === 'FAILED') throw new ExplainError(error.message)
    if (error.why === 'LATE') throw new ExplainError(`It did not end within ${seconds} s: narrow it, or raise --deadline.`)
    throw new ExplainError(`The process of the engine ended (${error.ending}), as a worker of a server would have.`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What keeps a plan from being told, in words for the one who asked. */
export class ExplainError extends Error {
  override readonly name = 'ExplainError'
}
