/** What tests tell workers to do, and how: a file that the first worker to whom it falls due takes away. */
import { randomUUID } from 'node:crypto'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export type Fault =
  | 'EXIT'
  | 'THROW'
  | 'LATE_THROW'
  | 'REJECTION'
  | 'HEAP'
  | 'SIGKILL'
  | 'SIGSEGV'
  | 'HANG'
  | 'FATAL'
  | 'INTERRUPT'
  | 'SILENT_END'
  | 'CHANNEL'
  | 'SOCKET'
  | 'ENCODER'

export interface Order {
  readonly fault: Fault
  /** The chunk of an execution, or the encoding, counted from 1. */
  readonly at: number
  /** Only of an execution that has this among its values. */
  readonly of?: string
}

export class Orders {
  readonly #file = join(tmpdir(), `geoduck-order-${randomUUID()}`)

  /** For the workers' Node. A small heap is exhausted sooner. */
  get execArgv(): string[] {
    const inside = pathToFileURL(join(import.meta.dirname, 'inside.ts'))
    inside.searchParams.set('order', this.#file)
    return ['--max-old-space-size=128', '--import', inside.href]
  }

  give(order: Order): void {
    writeFileSync(this.#file, JSON.stringify(order))
  }

  /** Whether the order was carried out; it is withdrawn otherwise. */
  end(): boolean {
    const taken = !existsSync(this.#file)
    rmSync(this.#file, { force: true })
    return taken
  }
}
