/** An HTTP server with ranges and entity tags over the files of a folder. It can misbehave in the ways in which real ones do. */
import { createReadStream, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Certificate } from './certificates.ts'

export type Fault =
  /** No answer. */
  | 'DROPPED'
  /** Half of the body, and then the end of the connection. */
  | 'CUT'
  /** 206 with fewer or more bytes than its range says, in chunks. */
  | 'SHORT'
  | 'LONG'
  /** 206 whose range is another one than was requested. */
  | 'SHIFTED'
  /** 200 with the whole object. */
  | 'WHOLE'
  /** No byte for 30 s, before or in the body. */
  | 'SILENT'
  | 'STALLED'
  | 'BUSY'
  /** The bytes and entity tag of another version, against the condition. */
  | 'OTHER_VERSION'
  | 'REDIRECTED'
  /** Half of the body, then a byte at a time, so that nothing stalls, and the rest when it is released. */
  | 'HELD'

export interface ObjectServer {
  readonly url: string
  readonly requests: {
    readonly path: string
    readonly range: string
    readonly headers: IncomingMessage['headers']
    /** Bytes of a range that were sent. */
    bytes: number
  }[]
  /** Bytes of bodies. */
  bytes: number
  /** The fault of the next request. @default none */
  fault: (range: string) => Fault | null
  /** Headers that each request must have. @default none */
  required: Readonly<Record<string, string>>
  /** The server that a redirect leads to. @default itself */
  elsewhere: string | null
  /** The delay of each answer, and the bytes of its body per second. @default none */
  pace: { readonly latencyMs: number; readonly bytesPerSecond: number } | null
  release(): void
  close(): Promise<void>
}

const SILENCE_MS = 30_000

async function rangeOf(file: string, from: number, end: number): Promise<Buffer> {
  await using handle = await open(file)
  return (await handle.read(Buffer.alloc(end + 1 - from), 0, end + 1 - from, from)).buffer
}

/** @param secure the key and certificate of a server for https */
export async function serveObjects(folder: string, secure: Certificate | null = null): Promise<ObjectServer> {
  const over = new AbortController()
  const listener = (req: IncomingMessage, res: ServerResponse) => void answer(req, res).catch(() => res.destroy())
  const server = secure ? createSecureServer(secure, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  let held = Promise.withResolvers<void>()
  const objects: ObjectServer = {
    url: `http${secure ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    bytes: 0,
    fault: () => null,
    required: {},
    elsewhere: null,
    pace: null,
    release() {
      held.resolve()
      held = Promise.withResolvers()
    },
    async close() {
      over.abort()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const range = req.headers.range ?? ''
    const place = decodeURIComponent(new URL(req.url!, objects.url).pathname)
    const request = { path: req.url!, range, headers: req.headers, bytes: 0 }
    objects.requests.push(request)
    const isKnown = Object.entries(objects.required).every(([name, value]) => req.headers[name] === value)
    if (!isKnown) return void res.writeHead(401).end()
    const fault = objects.fault(range)
    if (objects.pace) await delay(objects.pace.latencyMs, undefined, { signal: over.signal })
    if (fault === 'DROPPED') return void res.destroy()
    if (fault === 'SILENT') await delay(SILENCE_MS, undefined, { signal: over.signal })
    if (fault === 'BUSY') return void res.writeHead(503).end()
    if (fault === 'REDIRECTED')
      return void res.writeHead(302, { location: `${objects.elsewhere ?? objects.url}${req.url}` }).end()
    const file = path.join(folder, place)
    const found = statSync(file, { throwIfNoEntry: false })
    if (!found) return void res.writeHead(404).end()
    const etag = fault === 'OTHER_VERSION' ? '"other"' : `"${found.ino}-${found.size}-${found.mtimeMs}"`
    const condition = req.headers['if-match']
    if (fault !== 'OTHER_VERSION' && condition !== undefined && condition !== etag) return void res.writeHead(412).end()
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range)?.map(Number) ?? []
    if (from === undefined || fault === 'WHOLE') {
      res.writeHead(200, { etag, 'content-length': found.size })
      return void createReadStream(file).pipe(res)
    }
    const end = Math.min(to!, found.size - 1)
    objects.bytes += end - from + 1
    request.bytes = end - from + 1
    const bytes = await rangeOf(file, from, end)
    if (fault === 'OTHER_VERSION') bytes.fill(7)
    const start = fault === 'SHIFTED' ? from + 1 : from
    const length = fault === 'SHORT' || fault === 'LONG' ? {} : { 'content-length': bytes.length }
    res.writeHead(206, { etag, ...length, 'content-range': `bytes ${start}-${end}/${found.size}` })
    if (fault === 'SHORT') return void res.end(bytes.subarray(1))
    if (fault === 'LONG') return void res.end(Buffer.concat([bytes, bytes]))
    if (objects.pace) return await paced(res, bytes, objects.pace.bytesPerSecond)
    if (fault !== 'CUT' && fault !== 'STALLED' && fault !== 'HELD') return void res.end(bytes)
    res.write(bytes.subarray(0, bytes.length / 2))
    if (fault === 'HELD') {
      let at = Math.floor(bytes.length / 2)
      const released = held.promise.then(() => true)
      const pause = () => delay(500, false, { signal: over.signal })
      while (!(await Promise.race([released, pause()]))) res.write(bytes.subarray(at, ++at))
      return void res.end(bytes.subarray(at))
    }
    await delay(fault === 'STALLED' ? SILENCE_MS : 20, undefined, { signal: over.signal })
    res.destroy()
  }

  /** Ten pieces per second. */
  async function paced(res: ServerResponse, bytes: Buffer, bytesPerSecond: number): Promise<void> {
    const step = Math.ceil(bytesPerSecond / 10)
    for (let at = 0; at < bytes.length && !res.destroyed; at += step) {
      res.write(bytes.subarray(at, at + step))
      await delay(100, undefined, { signal: over.signal })
    }
    res.end()
  }

  return objects
}
