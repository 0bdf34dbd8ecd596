/**
 * The server's memory that waits for clients: batches, pages and other results that they have not taken yet, bodies and messages that have not
 * arrived whole. Counted by connection, by address and for the server: who has too much waiting is not given more until half of it is taken.
 */

import { AwakeTimer } from '../engines/awake.ts'
import type { HeldMemory, RoomOptions } from '../engines/deadline.ts'
import type { Caller } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'

/** Shares of the limit: so no address, and no connection, uses it up for the others. */
const ADDRESS_SHARE = 1 / 2
const CONNECTION_SHARE = 1 / 16
/**
 * What a connection may have whatever others of its address leave unread, as long as it has less than that waiting itself: a small answer goes to
 * the system at once, and waits in no memory of this process.
 */
const ALLOWANCE_BYTES = 65_536

export interface ClientMemoryOptions {
  readonly limitBytes: number
  /** How long an operation that has had nothing yet waits before it is OVERLOADED. */
  readonly patienceSeconds: number
}

export class ClientMemory {
  readonly #options: ClientMemoryOptions
  readonly #server: Level
  readonly #clients: Levels
  readonly #addresses: Levels

  constructor(options: ClientMemoryOptions) {
    this.#options = options
    this.#server = new Level(options.limitBytes)
    this.#clients = new Levels(options.limitBytes * CONNECTION_SHARE)
    this.#addresses = new Levels(options.limitBytes * ADDRESS_SHARE)
  }

  /** Bytes that wait now. */
  get bytes(): number {
    return this.#server.bytes
  }

  /** For one operation, or for what a connection sends: it is to be closed. */
  open({ client, address = client }: Caller): ClientHeldMemory {
    const connection = this.#clients.open(client)
    const levels = [connection, this.#addresses.open(address), this.#server]
    const onClose = () => {
      this.#clients.close(client)
      this.#addresses.close(address)
    }
    return new ClientHeldMemory(connection, levels, this.#options.patienceSeconds, onClose)
  }
}

/** What it holds when it is closed is held no longer, and what is added after that is not counted. */
export class ClientHeldMemory implements HeldMemory {
  readonly #connection: Level
  /** The connection's among them. */
  readonly #levels: readonly Level[]
  readonly #patienceSeconds: number
  readonly #onClose: () => void
  #bytes = 0
  #closed = false

  constructor(connection: Level, levels: readonly Level[], patienceSeconds: number, onClose: () => void) {
    this.#connection = connection
    this.#levels = levels
    this.#patienceSeconds = patienceSeconds
    this.#onClose = onClose
  }

  get hasRoom(): boolean {
    return this.#full === undefined
  }

  get allowance(): number {
    if (this.hasRoom) return Number.POSITIVE_INFINITY
    return this.#connection.bytes - this.#bytes < ALLOWANCE_BYTES ? ALLOWANCE_BYTES : 0
  }

  get #full(): Level | undefined {
    return this.#levels.find((level) => level.isFullBeside(this.#bytes))
  }

  async room(signal: AbortSignal, { timed, whole = false }: RoomOptions): Promise<void> {
    signal.throwIfAborted()
    const full = this.#full
    if (!full || (!whole && this.allowance > 0)) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const aborted = () => reject(signal.reason)
    const timer = timed ? new AwakeTimer(this.#patienceSeconds * 1_000, () => reject(this.#overloaded())) : undefined
    signal.addEventListener('abort', aborted, { once: true })
    const stops = [full.whenDrained(resolve), ...(whole ? [] : [this.#connection.whenNearlyEmpty(resolve)])]
    try {
      await promise
    } finally {
      for (const stop of stops) stop()
      timer?.clear()
      signal.removeEventListener('abort', aborted)
    }
  }

  add(bytes: number): void {
    if (this.#closed) return
    this.#bytes += bytes
    for (const level of this.#levels) level.add(bytes)
  }

  remove(bytes: number): void {
    if (this.#closed) return
    this.#bytes -= bytes
    for (const level of this.#levels) level.add(-bytes)
  }

  close(): void {
    this.remove(this.#bytes)
    if (!this.#closed) this.#onClose()
    this.#closed = true
  }

  #overloaded(): GeoduckError {
    const retryAfter = Math.max(1, Math.ceil(this.#patienceSeconds / 2))
    const message = `Too much waits to be read by you or by others (--unread-limit): read the responses that are open, and ask again in ${retryAfter} s.`
    return new GeoduckError('OVERLOADED', message, { details: { retryAfter } })
  }
}

/** A sum of bytes with a limit. Once it is reached, there is no room until half of it is gone: not a little for everybody, again and again. */
class Level {
  bytes = 0
  holdings = 0
  readonly #limit: number
  #reached = false
  readonly #waiting = new Set<() => void>()
  readonly #waitingForLittle = new Set<() => void>()

  constructor(limit: number) {
    this.#limit = limit
  }

  add(bytes: number): void {
    this.bytes += bytes
    if (this.bytes >= this.#limit) this.#reached = true
    if (this.bytes < ALLOWANCE_BYTES) wakeAll(this.#waitingForLittle)
    if (!this.#reached || this.bytes >= this.#limit / 2) return
    this.#reached = false
    wakeAll(this.#waiting)
  }

  /** Whether it is full of what others hold than the one that holds `own` bytes of it. */
  isFullBeside(own: number): boolean {
    return this.#reached && this.bytes - own >= this.#limit / 2
  }

  /** `wake` is called once, unless the function that is returned is called before. */
  whenDrained(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }

  /** The same, when hardly anything is left. */
  whenNearlyEmpty(wake: () => void): () => void {
    this.#waitingForLittle.add(wake)
    return () => this.#waitingForLittle.delete(wake)
  }
}

function wakeAll(waiting: Set<() => void>): void {
  const all = [...waiting]
  waiting.clear()
  for (const wake of all) wake()
}

/** One level per name, as long as anything is open under it. */
class Levels {
  readonly #limit: number
  readonly #byName = new Map<string, Level>()

  constructor(limit: number) {
    this.#limit = limit
  }

  open(name: string): Level {
    const level = this.#byName.get(name) ?? new Level(this.#limit)
    this.#byName.set(name, level)
    level.holdings++
    return level
  }

  close(name: string): void {
    const level = this.#byName.get(name)
    if (level && --level.holdings === 0) this.#byName.delete(name)
  }
}
