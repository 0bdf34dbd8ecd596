/**
 * The program of a query worker: the functions that the server calls by name. It has one DuckDB instance and runs one execution
 * at a time.
 */

import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import type { Diagnostics } from '../../../engine.ts'
import type { ExecutionEnd, ExecutionRequest, OpenRequest, WorkerOpened } from '../../messages.ts'
import { listen } from './data-port.ts'
import { diagnose as diagnoseInstance } from './diagnostics.ts'
import { runExecution } from './execution.ts'
import { type OpenInstance, openInstance } from './instance.ts'
import { exitWithServer } from './lifetime.ts'
import { refuseSockets } from './no-network.ts'

// With this limit V8 inlines the code that prints a coordinate into the loop over a ring. With the default (920) calls remain,
// and a number takes 28 ns instead of 20.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=2000')

let opened: OpenInstance | null = null

/** Opens the instance. The server calls it once, before anything else. */
export async function open(options: OpenRequest): Promise<WorkerOpened> {
  exitWithServer(options.tempDirectory, options.dataSocket)
  await listen(options.dataSocket)
  refuseSockets(options.gateway !== undefined)
  opened = await openInstance(options)
  // A worker ends by SIGKILL, which writes nothing.
  flushCompileCache()
  return { diagnostics: await diagnoseInstance(opened), databases: opened.databases }
}

export async function execute(request: ExecutionRequest): Promise<ExecutionEnd> {
  return await runExecution(instance(), request)
}

export async function diagnose(): Promise<Diagnostics> {
  return await diagnoseInstance(instance())
}

function instance(): OpenInstance {
  if (!opened) throw new Error('the worker has no instance yet')
  return opened
}
