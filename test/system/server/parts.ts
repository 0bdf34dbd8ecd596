/** A subscription by Apollo's multipart protocol. The parser is written from the protocol, strictly. */
import type { Answer, Served } from '../../support/graphql.ts'

/** Apollo Client 4 sends this. */
export const ACCEPT_PARTS =
  'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9'

const BOUNDARY = '\r\n--graphql'
const HEADERS = '\r\ncontent-type: application/json\r\n\r\n'

export interface Parts {
  readonly response: Response
  /** Yields each part as soon as it is complete. Throws if the end is not the last boundary. */
  readonly all: AsyncGenerator<{ readonly payload?: Answer }>
}

export async function openParts(
  server: Served,
  query: string,
  variables: object = {},
  { signal, accept = 'multipart/mixed;subscriptionSpec=1.0' }: { signal?: AbortSignal; accept?: string } = {},
): Promise<Parts> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify({ query, variables }),
    ...(signal && { signal }),
  })
  return { response, all: read(response) }
}

/** The results, without heartbeats. */
export async function payloadsOf({ all }: Parts): Promise<Answer[]> {
  return (await Array.fromAsync(all)).flatMap(({ payload }) => payload ?? [])
}

async function* read(response: Response): AsyncGenerator<{ readonly payload?: Answer }> {
  let text = ''
  let parts = 0
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (let end = text.indexOf(BOUNDARY); end >= 0; end = text.indexOf(BOUNDARY)) {
      const part = text.slice(0, end)
      text = text.slice(end + BOUNDARY.length)
      if (parts++ === 0 && part === '') continue
      if (!part.startsWith(HEADERS)) throw new Error(`no headers of a part: ${part.slice(0, 100)}`)
      yield JSON.parse(part.slice(HEADERS.length)) as { payload?: Answer }
    }
  }
  if (text !== '--\r\n') throw new Error(`no last boundary: ${text.slice(0, 100)}`)
}
