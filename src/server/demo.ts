/**
 * The live layer of the demo, which `npm start` shows in a checkout. A program of the demo writes it over HTTP, as any client does, and only while
 * somebody follows its changes. Only `npm start` names a demo.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import type { LiveLayers, LiveOptions } from '../catalog/live/live-layers.ts'
import type { Config } from '../config/config.ts'
import type { Log } from '../config/logging.ts'
import { fromGeoduck } from '../delivery/client-error.ts'
import { giveNewId } from '../engines/duckdb/host/live-store.ts'
import { type Access, isForeign, type Origins, unauthenticated } from './access.ts'
import { refuse, sendJson } from './http-operation.ts'

export interface DemoOptions {
  /** The folder with the layer at its start. It is not changed. */
  readonly folder: string
  /** The program that writes. */
  readonly writer: string
}

/** The parts of the demo that the map page shows. */
interface Description {
  readonly layer: string
  readonly fence: { readonly name: string; readonly geometry: object }
}

/** 2,000 changes per second are kept for a minute, so that the store stays as large as it is after a minute. */
const RETENTION = { compactAfter: 60_000, keepMs: 60_000, changesMs: 60_000 } as const satisfies Partial<LiveOptions>
/** Milliseconds without a subscriber after which the writer ends: a page that is loaded again subscribes again. */
const PATIENCE_MS = 2_000
/** Milliseconds after which a writer that has failed starts again. */
const AGAIN_MS = 5_000
const FOLDER = 'geoduck-demo-'

export class Demo {
  /** Settings of a server that has the demo. Only the writer knows the token. */
  readonly settings: Pick<Config, 'live' | 'writes' | 'writeToken'>
  readonly retention = RETENTION
  readonly #folder: string
  readonly #program: string
  readonly #description: Description
  readonly #token = randomBytes(24).toString('base64url')
  readonly #log: Log
  #url: string | null = null
  #watchers = 0
  #isStopped = false
  #isClosed = false
  #writer: ChildProcess | null = null
  #timer: NodeJS.Timeout | undefined

  private constructor(folder: string, program: string, description: Description, log: Log) {
    this.#folder = folder
    this.#program = program
    this.#description = description
    this.#log = log
    this.settings = { live: path.join(folder, 'store'), writes: true, writeToken: this.#token }
  }

  /** Copies the layer to a temporary folder. */
  static async open({ folder, writer }: DemoOptions, { tempDirectory }: Config, log: Log): Promise<Demo> {
    await removeLeft(tempDirectory)
    const description = JSON.parse(await readFile(path.join(folder, 'demo.json'), 'utf8')) as Description
    const own = await mkdtemp(path.join(tempDirectory, `${FOLDER}${process.pid}-`))
    await cp(path.join(folder, 'store'), path.join(own, 'store'), { recursive: true })
    // A client that followed the copy of an earlier start has other versions.
    giveNewId(path.join(own, 'store'))
    return new Demo(own, writer, description, log)
  }

  /** From now on the writer runs while somebody watches. @param url the GraphQL endpoint */
  start(live: LiveLayers, url: string): void {
    this.#url = url
    live.on('watched', (layer, watchers) => {
      if (layer === this.#description.layer) this.#watch(watchers)
    })
    this.#watch(live.watchers(this.#description.layer))
  }

  /** GET returns the state, and POST with `?writer=stop` or `?writer=start` changes it. */
  answer(req: IncomingMessage, res: ServerResponse, { access, origins }: { access: Access; origins: Origins }): void {
    if (!access.allows(req.headers.authorization)) return void refuse(res, fromGeoduck(unauthenticated()))
    if (req.method === 'POST') {
      if (!origins.allow(req) || isForeign(req))
        return void sendJson(res, 403, { error: 'A page of this origin may not do this.' })
      this.#isStopped = new URL(req.url!, 'http://localhost').searchParams.get('writer') === 'stop'
      this.#run()
    }
    res.setHeader('cache-control', 'no-store')
    sendJson(res, 200, { ...this.#description, writer: this.#isStopped ? 'STOPPED' : this.#writer ? 'RUNNING' : 'WAITING' })
  }

  /** Ends the writer for good. */
  stop(): void {
    this.#isClosed = true
    this.#run()
  }

  async close(): Promise<void> {
    this.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #watch(watchers: number): void {
    this.#watchers = watchers
    clearTimeout(this.#timer)
    if (watchers > 0) this.#run()
    else this.#timer = setTimeout(() => this.#run(), PATIENCE_MS).unref()
  }

  /** Starts or ends the writer. */
  #run(): void {
    clearTimeout(this.#timer)
    const isWanted = this.#url !== null && this.#watchers > 0 && !this.#isStopped && !this.#isClosed
    if (!isWanted) this.#writer?.kill()
    else if (!this.#writer) this.#writer = this.#spawn(this.#url!)
  }

  #spawn(url: string): ChildProcess {
    const writer = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', this.#program], {
      env: { ...process.env, GEODUCK_DEMO_URL: url, GEODUCK_DEMO_TOKEN: this.#token },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    writer.once('exit', () => {
      this.#writer = null
      // This server has ended it, and may need it again.
      if (writer.killed) return void this.#run()
      this.#log.warn('the writer of the demo has ended, and starts again')
      this.#timer = setTimeout(() => this.#run(), AGAIN_MS).unref()
    })
    writer.once('error', (error) => this.#log.warn({ err: error }, 'the writer of the demo does not start'))
    return writer
  }
}

/** Removes the folders of servers that were killed. */
async function removeLeft(tempDirectory: string): Promise<void> {
  const folders = (await readdir(tempDirectory)).filter((name) => name.startsWith(FOLDER))
  const left = folders.filter((name) => !isRunning(Number.parseInt(name.slice(FOLDER.length), 10)))
  await Promise.all(left.map((name) => rm(path.join(tempDirectory, name), { recursive: true, force: true })))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // The process of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
