/** The worker's end of its data socket and of the messages to an execution. */

import { mkdir } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { frameOf } from '../../frame.ts'
import type { BatchMessage, FromWorker, ToWorker } from '../../messages.ts'

let server: net.Socket | null = null

/**
 * Listens for the server. Nobody else can connect: only this user can enter the folder, and the socket's path is removed after
 * the first connection.
 */
export async function listen(socketPath: string): Promise<void> {
  await mkdir(path.dirname(socketPath), { recursive: true })
  const listener = net.createServer((socket) => {
    server = socket
    // If the server has ended, the process channel closes too, which ends the worker.
    socket.on('error', () => {})
    listener.close()
  })
  listener.unref()
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(socketPath, resolve)
  })
}

/**
 * Sends a batch. Resolves when the operating system has accepted all of it, so a slow reader also slows down the execution. The
 * buffers of the outputs may be used again then.
 */
export function sendBatch(batch: BatchMessage): Promise<void> {
  const socket = server
  if (!socket) throw new Error('the server has not connected')
  return new Promise((resolve, reject) => {
    const pieces = frameOf(batch)
    const last = pieces.pop()
    socket.cork()
    for (const piece of pieces) socket.write(piece)
    socket.write(last!, (error) => (error ? reject(error) : resolve()))
    socket.uncork()
  })
}

type Stop = 'YIELD' | 'CANCEL'

/** A message to one execution. */
type Execution = Extract<ToWorker, { readonly execution: string }>

let open: ExecutionMessages | null = null
/**
 * Messages for an execution that has not started yet. A task starts some iterations of the event loop after its own message.
 */
let early: Execution[] = []

// This receives tinypool's own messages too.
process.on('message', (message: ToWorker | undefined) => {
  if (message?.type === 'PROBE') sendMessage({ type: 'ALIVE' })
  if (!message || !('execution' in message)) return
  if (open) open.receive(message)
  else early.push(message)
})

/** The messages of the server to the running execution: credits, and requests to stop. */
export class ExecutionMessages {
  stop: Stop | null = null
  readonly #execution: string
  readonly #onCancel: () => void
  readonly #onDiagnose: () => void
  #credits: number
  #wake: (() => void) | null = null

  constructor(execution: string, credits: number, onCancel: () => void, onDiagnose: () => void) {
    this.#execution = execution
    this.#credits = credits
    this.#onCancel = onCancel
    this.#onDiagnose = onDiagnose
    open = this
    for (const message of early) this.receive(message)
    early = []
  }

  /** Waits for a credit. Returns false if the execution must stop instead. */
  async credit(): Promise<boolean> {
    while (!this.stop && this.#credits === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    if (this.stop) return false
    this.#credits--
    return true
  }

  close(): void {
    open = null
  }

  receive(message: Execution): void {
    // A late message of another execution is ignored.
    if (message.execution !== this.#execution) return
    if (message.type === 'CREDIT') this.#credits += message.credits
    else if (message.type === 'DIAGNOSE') this.#onDiagnose()
    else this.#end(message.type)
    this.#wake?.()
  }

  #end(stop: Stop): void {
    if (this.stop !== 'CANCEL') this.stop = stop
    if (stop === 'CANCEL') this.#onCancel()
  }
}

/** Sends a message over the process channel. */
export function sendMessage(message: FromWorker): void {
  if (!process.send) throw new Error('a worker runs as a child process')
  process.send(message)
}
