import type { IncomingMessage } from 'node:http'
import type { Operation } from '../graphql/operation.ts'

/** Resolves when there is memory for the request; its body is counted from then on, before it has arrived. Rejects with OVERLOADED. */
export async function admit(
  { headers }: IncomingMessage,
  { holding, signal }: Pick<Operation, 'holding' | 'signal'>,
  maxBodyBytes: number,
): Promise<void> {
  while (holding.allowance === 0) await holding.room(signal, { timed: true })
  const announced = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : maxBodyBytes
  holding.add(Math.min(announced, maxBodyBytes))
}
