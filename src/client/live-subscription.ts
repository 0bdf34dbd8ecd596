/** A subscription that has no end: after a lost connection or a restart of the server, another one continues after the last token. */
import type { Client } from 'graphql-ws/client'
import { backOff } from './back-off.ts'
import { connect } from './connect.ts'
import { clientError, type GeoduckClientError } from './error.ts'
import type { Endpoint } from './options.ts'

export interface LiveControl {
  /** An abort ends it. */
  readonly signal?: AbortSignal | undefined
  /**
   * Decides whether it continues after an error.
   *
   * @param failures consecutive failures, including this one; an event that arrives resets the number
   * @default `error.retry`
   */
  readonly retry?: ((error: GeoduckClientError, failures: number) => boolean) | undefined
}

/** The variables of `FormOptions`. */
export const FORM_VARIABLES = '$crs: String, $simplify: Float, $precision: Int, $properties: [String!]'

/** A subclass calls `run` when it is ready. */
export abstract class LiveSubscription<Event extends { readonly token: string }> {
  readonly #control: LiveControl
  protected readonly client: Client
  readonly #end = Promise.withResolvers<void>()
  #token: string | undefined
  #failures = 0
  #stop = () => {}
  #timer: ReturnType<typeof setTimeout> | undefined
  #isOver = false

  constructor(control: LiveControl & Endpoint, since?: string | null) {
    this.#control = control
    this.#token = since ?? undefined
    this.client = control.client ?? connect(control.url, { lazyCloseTimeout: 0 })
    // A program that does not read `ended` must not end by it.
    this.#end.promise.catch(() => {})
    const { signal } = control
    if (signal?.aborted) this.close()
    else signal?.addEventListener('abort', this.#abort)
  }

  /** Called before each subscription. Returns the document, and its variables without `since`. */
  protected abstract begin(): { readonly text: string; readonly variables: object }

  protected abstract receive(event: Event): void

  /** True if it begins again without a token after this error, with a new snapshot. */
  protected beginsAgain(_: GeoduckClientError): boolean {
    return false
  }

  /** Resolves after `close()`. Rejects with the error that a retry cannot solve. */
  get ended(): Promise<void> {
    return this.#end.promise
  }

  /** Ends the subscription. */
  close(): void {
    if (this.#over()) this.#end.resolve()
  }

  readonly #abort = () => this.close()

  #over(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.pause()
    this.#control.signal?.removeEventListener('abort', this.#abort)
    return true
  }

  /** Ends the subscription until `run` is called. */
  protected pause(): void {
    this.#stop()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  protected run(): void {
    if (this.#isOver) return
    this.#timer = undefined
    const { text, variables } = this.begin()
    let isOver = false
    const fail = (reason: unknown) => {
      if (isOver || this.#isOver) return
      isOver = true
      this.#failed(clientError(reason))
    }
    const cancel = this.client.subscribe<Readonly<Record<string, Event>>>(
      { query: text, variables: { ...variables, since: this.#token } },
      {
        next: ({ data, errors }) => {
          if (isOver || this.#isOver) return
          if (data) this.#receive(Object.values(data)[0]!)
          else fail(errors)
        },
        error: fail,
        // The subscription has no end, so the connection ended.
        complete: () => fail(null),
      },
    )
    this.#stop = () => {
      isOver = true
      cancel()
    }
  }

  /** Ends the subscription, and begins another one that continues. */
  protected runAgain(reason: unknown): void {
    if (this.#isOver || this.#timer !== undefined) return
    this.#stop()
    this.#failed(clientError(reason))
  }

  #failed(error: GeoduckClientError): void {
    this.#failures += 1
    const { retry = ({ retry: mayRetry }: GeoduckClientError) => mayRetry } = this.#control
    const isNew = this.#token !== undefined && this.beginsAgain(error)
    if (isNew) this.#token = undefined
    if (!isNew && !retry(error, this.#failures)) {
      if (this.#over()) this.#end.reject(error)
      return
    }
    this.#timer = setTimeout(() => this.run(), backOff(this.#failures, error.details.retryAfter))
  }

  #receive(event: Event): void {
    this.#failures = 0
    this.#token = event.token
    this.receive(event)
  }
}
