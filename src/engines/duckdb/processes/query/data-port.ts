/** The worker's end of the way that batches take: one connection, the server's. */
import { mkdir } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { frameOf } from '../../frame.ts'
import type { BatchMessage } from '../../messages.ts'

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
