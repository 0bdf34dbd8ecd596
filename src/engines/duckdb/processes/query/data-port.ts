/** The worker's end of the way that batches take: one connection, the server's. */

import { mkdir } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { frameOf } from '../../frame.ts'
import type { BatchMessage, FromWorker, ToWorker } from '../../messages.ts'

let server: net.Socket | null = null

/** Nobody else can connect: the folder is this user's alone, and the name is gone with the first connection. */
export async function listen(socketPath: string): Promise<void> {
  await mkdir(path.dirname(socketPath), { recursive: true })
  const listener = net.createServer((socket) => {
    server = socket
    // The task's channel tells that the server is gone.
    socket.on('error', () => {})
    listener.close()
  })
  listener.unref()
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(socketPath, resolve)
  })
}

/** Resolves when all of it is handed to the system, whose backpressure reaches the execution: its outputs' buffers are free again. */
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

/** What the server says to one running execution: credits, and when to stop. */
type Stop = 'YIELD' | 'CANCEL'

/** What is said to one execution. */
type Execution = Extract<ToWorker, { readonly execution: string }>

let open: ExecutionMessages | null = null
/** A task begins some turns of the event loop after its message: what was said to it by then waits here for it. */
let early: Execution[] = []

// tinypool's own messages pass by here too.
process.on('message', (message: ToWorker | undefined) => {
  if (message?.type === 'PROBE') sendMessage({ type: 'ALIVE' })
  if (!message || !('execution' in message)) return
  if (open) open.receive(message)
  else early.push(message)
})

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

  /** Waits until a batch may be sent. False: stop instead. */
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
    // A late one of another execution is nobody's.
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

/** Over the task's channel. */
export function sendMessage(message: FromWorker): void {
  if (!process.send) throw new Error('a worker runs as a child process')
  process.send(message)
}
