/** The compressed tiles of one zoom, in a temporary file, in the order of their ids. */
import { hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip, gzipSync } from 'node:zlib'
import { LRUCache } from 'lru-cache'
import { TileEntries } from '../../../../encode/pmtiles.ts'

const compressed = promisify(gzip)

/** Tiles that threads of libuv compress, or that wait for them. */
const MOST_WAITING = 16
/** Bytes of a tile that may be the same as another one, such as the inside of a polygon. Larger tiles are not compared. */
const SMALL_BYTES = 4_096
/** Different small tiles that are remembered. */
const MOST_KNOWN = 50_000
const WRITE_BYTES = 1 << 20

interface Content {
  offset: number
  length: number
}

interface Waiting {
  readonly id: number
  readonly content: Content
  /** Null: the content is that of a tile before this one. */
  readonly bytes: Promise<Buffer> | null
}

export class TileFile {
  readonly path: string
  readonly entries = new TileEntries()
  /** Bytes of all tiles. */
  bytes = 0
  readonly #file: FileHandle
  readonly #known = new LRUCache<string, Content>({ max: MOST_KNOWN })
  readonly #waiting: Waiting[] = []
  #unwritten: Buffer[] = []
  #unwrittenBytes = 0

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  static async create(path: string): Promise<TileFile> {
    return new TileFile(path, await open(path, 'w'))
  }

  /** Adds the tile with the next id. Its bytes may change afterwards. */
  async add(id: number, tile: Uint8Array): Promise<void> {
    const key = tile.length <= SMALL_BYTES ? hash('sha256', tile, 'base64') : null
    const known = key === null ? undefined : this.#known.get(key)
    const content = known ?? { offset: 0, length: 0 }
    if (key !== null && !known) this.#known.set(key, content)
    // A thread costs more than a small tile.
    const bytes = known ? null : key === null ? compressed(Buffer.from(tile)) : Promise.resolve(gzipSync(tile))
    // The error is thrown when the tile is placed.
    bytes?.catch(() => {})
    this.#waiting.push({ id, content, bytes })
    if (this.#waiting.length > MOST_WAITING) await this.#place(this.#waiting.shift()!)
  }

  /** Writes the rest. */
  async close(): Promise<void> {
    this.#known.clear()
    for (const waiting of this.#waiting.splice(0)) await this.#place(waiting)
    await this.#write()
    await this.#file.close()
  }

  async #place({ id, content, bytes }: Waiting): Promise<void> {
    if (bytes !== null) {
      const data = await bytes
      content.offset = this.bytes
      content.length = data.length
      this.bytes += data.length
      this.#unwritten.push(data)
      this.#unwrittenBytes += data.length
    }
    this.entries.add(id, content.offset, content.length, bytes !== null)
    if (this.#unwrittenBytes > WRITE_BYTES) await this.#write()
  }

  async #write(): Promise<void> {
    await this.#file.appendFile(Buffer.concat(this.#unwritten))
    this.#unwritten = []
    this.#unwrittenBytes = 0
  }
}
