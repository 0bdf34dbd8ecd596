/** What the server says to one running execution: credits, and when to stop. */
import type { FromWorker, ToWorker } from '../../messages.ts'

export type Stop = 'YIELD' | 'CANCEL'

/** What is said to one execution. */
type Execution = Extract<ToWorker, { readonly execution: string }>

let open: Inbox | null = null
/** A task begins some turns of the event loop after its message: what was said to it by then waits here for it. */
let early: Execution[] = []

// tinypool's own messages pass by here too.
process.on('message', (message: ToWorker | undefined) => {
  if (message?.type === 'PROBE') tell({ type: 'ALIVE' })
  if (!message || !('execution' in message)) return
  if (open) open.receive(message)
  else early.push(message)
})

export class Inbox {
  stop: Stop | null = null
  readonly #execution: string
  readonly #onCancel: () => void
  readonly #onDiagnose: () => void
  #credits: number
  #wake: (() => void) | null = null

  constructor(execution: string, credits: number, onCancel: () => void, onDiagnose: () => void) {
    this.#execution = execution
    this.#credits = credits
    this.#onCancel = onCancel
    this.#onDiagnose = onDiagnose
    open = this
    for (const message of early) this.receive(message)
    early = []
  }

  /** Waits until a batch may be sent. False: stop instead. */
  async credit(): Promise<boolean> {
    while (!this.stop && this.#credits === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    if (this.stop) return false
    this.#credits--
    return true
  }

  close(): void {
    open = null
  }

  receive(message: Execution): void {
    // A late one of another execution is nobody's.
    if (message.execution !== this.#execution) return
    if (message.type === 'CREDIT') this.#credits += message.credits
    else if (message.type === 'DIAGNOSE') this.#onDiagnose()
    else this.#end(message.type)
    this.#wake?.()
  }

  #end(stop: Stop): void {
    if (this.stop !== 'CANCEL') this.stop = stop
    if (stop === 'CANCEL') this.#onCancel()
  }
}

/** Over the task's channel. */
export function tell(message: FromWorker): void {
  if (!process.send) throw new Error('a worker runs as a child process')
  process.send(message)
}
