/** A server in this process or in another one. */
export type Served = { readonly url: string }

export interface Answer<Data = Record<string, unknown>> {
  readonly data?: Data | null
  readonly errors?: readonly {
    readonly message: string
    readonly extensions: Readonly<Record<string, unknown>>
    readonly path?: readonly unknown[]
  }[]
}

/** The `pageInfo { hasNextPage endCursor }` of a page. */
export interface PageInfo {
  readonly hasNextPage: boolean
  readonly endCursor: string | null
}

/** A query by POST. */
export async function ask<Data>(
  server: Served,
  query: string,
  variables: object = {},
  operationName?: string,
): Promise<Answer<Data>> {
  const response = await post(server, { query, variables, operationName })
  return (await response.json()) as Answer<Data>
}

export function post(server: Served, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: text,
  })
}

export interface StreamCounts {
  readonly running: number
  readonly waiting: number
  readonly parked: number
}

/** `health.streams`, when all are 0; fails with what they are after `ms`. */
export async function quiet(server: Served, ms = 30_000): Promise<void> {
  const until = performance.now() + ms
  for (;;) {
    const { data } = await ask<{ health: { streams: StreamCounts; workers: { state: string }[] } }>(
      server,
      '{ health { streams { running waiting parked } workers { state } } }',
    )
    const { streams, workers } = data!.health
    const busy = workers.filter(({ state }) => state === 'BUSY').length
    if (streams.running + streams.waiting + streams.parked + busy === 0) return
    if (performance.now() > until) throw new Error(`Still there: ${JSON.stringify(data)}`)
  }
}

/** Resolves when the check of every layer is complete. */
export async function checked(server: Served): Promise<void> {
  const states = async () => (await ask<{ layers: { state: string }[] }>(server, '{ layers { state } }')).data!.layers
  while ((await states()).some(({ state }) => state !== 'READY')) await new Promise((resolve) => setTimeout(resolve, 50))
}
