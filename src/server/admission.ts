import type { IncomingMessage } from 'node:http'
import type { Operation } from '../delivery/operation.ts'

/** Resolves when there is memory for the request; its body is counted from then on, before it has arrived. Rejects with OVERLOADED. */
export async function admit(
  { headers }: IncomingMessage,
  { holding, signal }: Pick<Operation, 'holding' | 'signal'>,
  maxBodyBytes: number,
): Promise<void> {
  const announced = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : maxBodyBytes
  const bytes = Math.min(announced, maxBodyBytes)
  while (holding.allowance === 0 || holding.allowance < bytes)
    await holding.room(signal, { timed: true, whole: bytes > 0 && holding.allowance > 0 })
  holding.add(bytes)
}
