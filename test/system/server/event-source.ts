/** A subscription as Server-Sent Events, read as far as one wants. */
import type { Answer, Served } from '../../support/graphql.ts'

export interface ServerEvent {
  readonly event: string
  /** Null after `complete`. */
  readonly data: Answer | null
}

export class EventSource {
  readonly response: Response
  readonly #abort: AbortController
  readonly #events: AsyncGenerator<ServerEvent>

  private constructor(response: Response, abort: AbortController) {
    this.response = response
    this.#abort = abort
    this.#events = parse(response)
  }

  static async open(server: Served, query: string, variables: object = {}): Promise<EventSource> {
    const abort = new AbortController()
    // Caddy 2.6 ends some streams early if the POST is on a connection that had a request before (docs/proxies.md).
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', connection: 'close' },
      body: JSON.stringify({ query, variables }),
      signal: abort.signal,
    })
    return new EventSource(response, abort)
  }

  async next(): Promise<ServerEvent> {
    return (await this.#events.next()).value
  }

  async all(): Promise<ServerEvent[]> {
    return await Array.fromAsync(this.#events)
  }

  leave(): void {
    this.#abort.abort()
  }
}

async function* parse(response: Response): AsyncGenerator<ServerEvent> {
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (text + chunk).split('\n\n')
    text = parts.pop()!
    for (const part of parts) {
      if (part.startsWith(':')) continue
      const fields = part.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line)!)
      const [event, data] = ['event', 'data'].map((name) => fields.find((field) => field[1] === name)?.[2] ?? '')
      yield { event: event!, data: data ? (JSON.parse(data) as Answer) : null }
    }
  }
}
