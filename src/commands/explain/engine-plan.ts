/** The handle of the process that asks the engine: what it reads may end it, and what it runs may never end. */
import { fork } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { workerEnvironment } from '../../engines/duckdb/host/worker-environment.ts'
import { ExplainError } from './explain.ts'
import type { EnginePlan, ExplainJob, FromExplainer } from './messages.ts'

/** Runs from the sources and compiled alike: the worker has the ending that this file has. */
const WORKER = fileURLToPath(
  new URL(`../../engines/duckdb/processes/explain/explainer${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url),
)

/** To load the extension and look at files, beside what the question itself may take. */
const OPEN_SECONDS = 30

/** @throws ExplainError */
export async function enginePlan(job: ExplainJob, deadlineSeconds: number): Promise<EnginePlan> {
  const folder = await mkdtemp(path.join(job.options.tempDirectory, 'geoduck-explain-'))
  const tempDirectory = path.join(folder, 'spill')
  await mkdir(tempDirectory)
  const child = fork(WORKER, {
    serialization: 'advanced',
    env: workerEnvironment(job.options.threads),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const { promise, resolve, reject } = Promise.withResolvers<EnginePlan>()
  const seconds = deadlineSeconds + OPEN_SECONDS
  const timer = setTimeout(
    () => reject(new ExplainError(`It did not end within ${seconds} s: narrow it, or raise --deadline.`)),
    1_000 * seconds,
  )
  const exited = new Promise<void>((done) =>
    child.once('exit', (code, signal) => {
      reject(new ExplainError(`The process of the engine ended (${signal ?? code}), as a worker of a server would have.`))
      done()
    }),
  )
  child.once('error', reject)
  child.once('message', (answer: FromExplainer) =>
    'plan' in answer ? resolve(answer.plan) : reject(new ExplainError(answer.failure)),
  )
  child.send({ ...job, options: { ...job.options, tempDirectory } })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true })
  }
}
