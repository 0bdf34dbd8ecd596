/** A server in a separate process, with the probe inside it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ROOT } from '../../support/environment.ts'
import { RawSocket } from '../server/raw-socket.ts'
import type { Request } from './request.ts'

export interface Look {
  /** Milliseconds of processor time without a return to the event loop, the longest since the last look. */
  readonly longest: number
  /** The 99th percentile of these times. */
  readonly p99: number
  /** Milliseconds of processor time over the whole run. */
  readonly spent: number
}

/** An answer that takes longer is waited for no more: what the engine does holds nobody. */
const PATIENCE_MS = 3_000

const PROBE = join(import.meta.dirname, 'probe.ts')
const QUIETLY = ['--port', '0', '--log-level', 'silent', '--log-pretty', 'false', '--page-cache-bytes', '0B']

export class ProbedServer {
  readonly url: string
  readonly #child: ChildProcess
  #socket: RawSocket | null = null
  #sent = 0

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  /** Resolves when it is ready. */
  static async start(args: readonly string[]): Promise<ProbedServer> {
    const child = fork(join(ROOT, 'src/main.ts'), [...QUIETLY, ...args], {
      execArgv: ['--import', PROBE],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    let text = ''
    const url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${text}`)))
      child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        const ready = /^ready (\S+)$/m.exec(text)?.[1]
        if (ready) resolve(ready)
      })
    })
    return new ProbedServer(url, child)
  }

  /** The cost of the request for the server's main thread, and the start of its answer. */
  async cost(request: Request): Promise<Look & { readonly answer: string }> {
    await this.look()
    const gone = AbortSignal.timeout(PATIENCE_MS)
    const answer = request.wire === 'websocket' ? this.#overSocket(request.text, gone) : this.#overHttp(request, gone)
    const beginning = await answer.catch((error: Error) => `${error.name}`)
    return { ...(await this.look()), answer: beginning }
  }

  async close(): Promise<void> {
    this.#socket?.close()
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }

  /** The holds since the last look. */
  async look(): Promise<Look> {
    this.#child.send('look')
    const [look] = (await once(this.#child, 'message')) as [Look]
    return look
  }

  async #overHttp({ wire, text, path = '/graphql', headers = {} }: Request, signal: AbortSignal): Promise<string> {
    const accept = wire === 'sse' ? 'text/event-stream' : 'application/json'
    const body = text === '' ? {} : { method: 'POST', body: text }
    const sent = { 'content-type': 'application/json', accept, ...headers }
    const response = await fetch(`${this.url}${path}`, { ...body, headers: sent, signal })
    let beginning = `${response.status} `
    for await (const piece of response.body ?? [])
      if (beginning.length < 200) beginning += Buffer.from(piece as Uint8Array).toString('utf8', 0, 200)
    return beginning
  }

  async #overSocket(text: string, signal: AbortSignal): Promise<string> {
    if (this.#socket?.ws.readyState !== 1) this.#socket = await this.#open()
    const socket = this.#socket
    const id = `o${++this.#sent}`
    socket.ws.send(`{"id":"${id}","type":"subscribe","payload":${text}}`)
    const late = once(signal, 'abort').then(() => socket.complete(id))
    await Promise.race([socket.ended(id), late])
    const [first] = socket.of(id)
    socket.messages.length = 0
    return JSON.stringify(first ?? 'TimeoutError').slice(0, 200)
  }

  async #open(): Promise<RawSocket> {
    return await RawSocket.open(`${this.url.replace('http', 'ws')}/graphql`, { maxPayload: 0 })
  }
}
