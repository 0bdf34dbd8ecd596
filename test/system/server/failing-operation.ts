/** One operation that fails, over the given wire. */
import type { RunningServer } from '../../../src/server/server.ts'
import { ask } from '../../support/graphql.ts'
import { EventSource } from './event-source.ts'
import { openParts, payloadsOf } from './parts.ts'
import { RawSocket } from './raw-socket.ts'

export const WIRES = ['HTTP', 'SSE', 'WebSocket'] as const
export type Wire = (typeof WIRES)[number]

/** Multipart follows the rules of SSE, from the same code. */
export const ALL_WIRES = [...WIRES, 'multipart'] as const
export type AnyWire = (typeof ALL_WIRES)[number]

export interface WireError {
  readonly message: string
  readonly extensions: Readonly<Record<string, unknown>>
}

/** The same question as a page, which HTTP takes, and as a stream. */
export interface Asked {
  readonly page: string
  readonly stream: string
  readonly variables?: object
}

/** Its first error; fails when it ends without. `asked` is called once it has left. */
export async function failing(server: RunningServer, wire: AnyWire, { page, stream, variables }: Asked): Promise<WireError> {
  const error = await OVER[wire](server, wire === 'HTTP' ? page : stream, variables ?? {})
  if (!error) throw new Error(`over ${wire} it ended without an error`)
  return error
}

const OVER: Readonly<
  Record<AnyWire, (server: RunningServer, query: string, variables: object) => Promise<WireError | undefined>>
> = {
  HTTP: async (server, query, variables) => (await ask(server, query, variables)).errors?.[0],

  SSE: async (server, query, variables) => {
    const events = await (await EventSource.open(server, query, variables)).all()
    return events.findLast(({ data }) => data)?.data?.errors?.[0]
  },

  multipart: async (server, query, variables) =>
    (await payloadsOf(await openParts(server, query, variables))).at(-1)?.errors?.[0],

  WebSocket: async (server, query, variables) => {
    const socket = await RawSocket.open(`${server.url.replace('http', 'ws')}/graphql`)
    socket.subscribe('a', query, variables)
    const last = (await socket.ended('a')).at(-1)!
    socket.close()
    return last.type === 'error' ? (last.payload as WireError[])[0] : undefined
  },
}
