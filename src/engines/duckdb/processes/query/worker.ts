/**
 * The program of a query worker. The server calls two functions by name to start it, and sends messages over the data socket
 * then. It has one DuckDB instance and runs one execution at a time.
 */

import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import type { ExecutionRequest, OpenRequest, ToWorker, WorkerOpened } from '../../messages.ts'
import { deliver, listen as listenAt, sendMessage } from './data-port.ts'
import { diagnose } from './diagnostics.ts'
import { runExecution } from './execution.ts'
import { type OpenInstance, openInstance } from './instance.ts'
import { exitWithServer } from './lifetime.ts'
import { refuseSockets } from './no-network.ts'

// With this limit V8 inlines the code that prints a coordinate into the loop over a ring. With the default (920) calls remain,
// and a number takes 28 ns instead of 20.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=2000')

let opened: OpenInstance | null = null

/** Listens at the data socket. The server calls it once, before anything else. */
export async function listen({ tempDirectory, dataSocket }: OpenRequest): Promise<void> {
  exitWithServer(tempDirectory, dataSocket)
  await listenAt(dataSocket, receive)
}

/** Opens the instance. The server calls it once, when it has connected to the data socket. */
export async function open(options: OpenRequest): Promise<WorkerOpened> {
  refuseSockets(options.gateway !== undefined)
  opened = await openInstance(options)
  // A worker ends by SIGKILL, which writes nothing.
  flushCompileCache()
  return { diagnostics: await diagnose(opened), databases: opened.databases }
}

function receive(message: ToWorker): void {
  if (message.type === 'EXECUTE') void execute(message.request)
  else if (message.type === 'DIAGNOSE') void report()
  else if (message.type === 'PROBE') sendMessage({ type: 'ALIVE' })
  else deliver(message)
}

async function execute(request: ExecutionRequest): Promise<void> {
  try {
    sendMessage({ type: 'END', end: await runExecution(instance(), request) })
  } catch (error) {
    sendMessage({ type: 'UNUSABLE', message: String(error) })
  }
}

async function report(): Promise<void> {
  try {
    sendMessage({ type: 'DIAGNOSTICS', diagnostics: await diagnose(instance()) })
  } catch (error) {
    sendMessage({ type: 'UNDIAGNOSED', message: String(error) })
  }
}

function instance(): OpenInstance {
  if (!opened) throw new Error('the worker has no instance yet')
  return opened
}
