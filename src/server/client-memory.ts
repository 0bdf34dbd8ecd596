/**
 * Counts held memory: batches, pages and other results that clients have not taken yet, and bodies and messages that have
 * arrived in part. It counts per connection, per address and for the server. A level that is full gets nothing more until half
 * of it is taken.
 */

import { AwakeTimer } from '../engines/awake.ts'
import type { HeldMemory, RoomOptions } from '../engines/deadline.ts'
import type { Caller } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'

/** Shares of the limit, so that no address and no connection uses all of it. */
const ADDRESS_SHARE = 1 / 2
const CONNECTION_SHARE = 1 / 16
/**
 * Bytes that a connection may hold even if others of its address leave much unread. A small answer goes to the system at once
 * and needs no memory of this process.
 */
const ALLOWANCE_BYTES = 65_536

export interface ClientMemoryOptions {
  readonly limitBytes: number
  /** Seconds that an operation waits for its first memory before it ends with OVERLOADED. */
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

  /** Bytes held now. */
  get bytes(): number {
    return this.#server.bytes
  }

  /** Opens the held memory of one operation, or of the bytes that a connection sends. The caller closes it. */
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

/** The held memory of one operation. When it is closed, its bytes no longer count, and later ones are not counted. */
export class ClientHeldMemory implements HeldMemory {
  readonly #connection: Level
  /** The levels that it counts in, including its connection's. */
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

/**
 * A sum of bytes with a limit. When the limit is reached, there is no room until half is free, so that space is not given out
 * in tiny parts.
 */
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

  /** Returns true if it is full because of others: the owner of `own` bytes does not count. */
  isFullBeside(own: number): boolean {
    return this.#reached && this.bytes - own >= this.#limit / 2
  }

  /** Calls `wake` once when there is room again. The returned function cancels that. */
  whenDrained(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }

  /** Calls `wake` once when almost nothing is held. The returned function cancels that. */
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

/** One level per name, while anything is open in it. */
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
