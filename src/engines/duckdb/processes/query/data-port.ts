/** The worker's end of its data socket, and the messages to its execution. */

import { mkdir } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { FrameReader, frameOf, requestOf } from '../../frame.ts'
import type { BatchMessage, Reply, ToExecution, ToWorker } from '../../messages.ts'

/** Far above every request: the server limits what a client sends. */
const MOST_REQUEST_BYTES = 256 * 1024 * 1024

let server: net.Socket | null = null
/** The frame of the last batch, until the end of its execution is sent. */
let held: readonly Uint8Array[] = []

/**
 * Listens for the server, whose messages `onMessage` receives. A broken frame throws, which ends the process. Nobody else can
 * connect: only this user can enter the folder, and the socket's path is removed after the first connection.
 */
export async function listen(socketPath: string, onMessage: (message: ToWorker) => void): Promise<void> {
  await mkdir(path.dirname(socketPath), { recursive: true })
  const listener = net.createServer((socket) => {
    server = socket
    const reader = new FrameReader((frame) => onMessage(requestOf(frame)), MOST_REQUEST_BYTES)
    socket.on('data', (bytes) => reader.read(bytes))
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
 *
 * The last batch of an execution leaves with the end of the execution, so that the server wakes once for both. The next
 * execution, which uses the buffers again, starts after the server has received them.
 */
export async function sendBatch(batch: BatchMessage, isLast: boolean): Promise<void> {
  if (isLast) held = frameOf(batch)
  else await new Promise<void>((resolve, reject) => write(frameOf(batch), (error) => (error ? reject(error) : resolve())))
}

export function sendMessage(message: Reply): void {
  write(frameOf(message))
}

/** Writes all pieces at once. */
function write(pieces: readonly Uint8Array[], onAccepted?: (error?: Error | null) => void): void {
  const socket = server
  if (!socket) throw new Error('the server has not connected')
  const all = [...held, ...pieces]
  const last = all.pop()
  held = []
  socket.cork()
  for (const piece of all) socket.write(piece)
  socket.write(last!, onAccepted)
  socket.uncork()
}

type Stop = 'YIELD' | 'CANCEL'

let open: ExecutionMessages | null = null

/** Gives a message to its execution. A late message of another execution is ignored. */
export function deliver(message: ToExecution): void {
  open?.receive(message)
}

/** The messages of the server to the running execution: credits, and requests to stop. */
export class ExecutionMessages {
  stop: Stop | null = null
  readonly #execution: string
  #onCancel: (() => void) | null = null
  #credits: number
  #wake: (() => void) | null = null

  /** Create it before anything else can happen: the next messages are for this execution. */
  constructor(execution: string, credits: number) {
    this.#execution = execution
    this.#credits = credits
    open = this
  }

  /** Sets what ends the work at once. It is called immediately if the execution was cancelled before. */
  onCancel(cancel: () => void): void {
    this.#onCancel = cancel
    if (this.stop === 'CANCEL') cancel()
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

  receive(message: ToExecution): void {
    if (message.execution !== this.#execution) return
    if (message.type === 'CREDIT') this.#credits += message.credits
    else this.#end(message.type)
    this.#wake?.()
  }

  #end(stop: Stop): void {
    if (this.stop !== 'CANCEL') this.stop = stop
    if (stop === 'CANCEL') this.#onCancel?.()
  }
}
