/** The cache of tiles on disk: its bound, damaged files, other servers, and disks that fail. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TileCache } from '../../../src/server/tile-cache.ts'

let folder: string
const failures: unknown[] = []
const open = (limit = 64 * 40_000, at = folder) => new TileCache(at, limit, (error) => failures.push(error))
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-tile-cache-'))
  failures.length = 0
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const content = (n: number, size = 1_000) => Buffer.alloc(size, `tile ${n} `)

async function files(): Promise<string[]> {
  return (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

async function sizeOf(): Promise<number> {
  const sizes = await Promise.all((await files()).map(async (file) => (await stat(file)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

describe('the cache of tiles', () => {
  it('returns what it has received, also to the next server', async () => {
    const cache = open()
    expect(await cache.get('a')).toBeNull()
    cache.put('a', 7, [content(1), content(2, 10)])
    cache.put('b', 0, [])
    await cache.settled()
    const next = open()
    for (const one of [cache, next]) {
      const found = (await one.get('a'))!
      expect([found.rows, found.bytes]).toEqual([7, Buffer.concat([content(1), content(2, 10)])])
      expect((await one.get('b'))!.bytes).toHaveLength(0)
      expect(await one.get('c')).toBeNull()
    }
    expect([cache.requests, next.requests]).toEqual([
      { hit: 2, miss: 2 },
      { hit: 2, miss: 1 },
    ])
  })

  it('keeps nothing if its limit is 0', async () => {
    const cache = open(0)
    cache.put('a', 1, [content(1)])
    await cache.settled()
    expect([await cache.get('a'), await files()]).toEqual([null, []])
  })

  it('keeps its limit, and drops what was not used for the longest time', async () => {
    const limit = 64 * 20_000
    const cache = open(limit)
    for (let n = 0; n < 300; n++) cache.put(`old ${n}`, 1, [content(n)])
    await cache.settled()
    const hourAgo = Date.now() / 1_000 - 3_600
    for (const file of await files()) await utimes(file, hourAgo, hourAgo)
    const used = Array.from({ length: 60 }, (_, n) => `old ${n * 5}`)
    for (const key of used) expect(await cache.get(key)).not.toBeNull()
    for (let n = 0; n < 2_000; n += 10) {
      for (let next = n; next < n + 10; next++) cache.put(`new ${next}`, 1, [content(next)])
      await cache.settled()
      // A map that is looked at all the time.
      if (n % 100 === 0) {
        const now = Date.now() / 1_000
        for (const key of used.slice(0, 20)) if ((await cache.get(key)) === null) throw new Error(`${key} was dropped`)
        await touch(used.slice(0, 20), now)
      }
      expect(await sizeOf()).toBeLessThanOrEqual(limit)
    }
    const left = async (keys: string[]) => (await Promise.all(keys.map((key) => cache.get(key)))).filter(Boolean).length
    expect(await left(used.slice(0, 20))).toBe(20)
    expect(await left(Array.from({ length: 300 }, (_, n) => `old ${n}`).filter((key) => !used.includes(key)))).toBe(0)
    expect(await sizeOf()).toBeGreaterThan(limit / 2)
    expect(failures).toEqual([])
  })

  /** Sets the times of files, as a use after a minute does. */
  async function touch(keys: readonly string[], time: number): Promise<void> {
    const { hash } = await import('node:crypto')
    const names = new Set(keys.map((key) => hash('sha256', key)))
    for (const file of await files()) if (names.has(file.slice(-64))) await utimes(file, time, time)
  }

  it('never returns a damaged, cut, or misplaced file', async () => {
    const cache = open()
    cache.put('a', 7, [content(1)])
    await cache.settled()
    const [file] = await files()
    const whole = await readFile(file!)
    for (let at = 0; at < whole.length; at += 7) {
      const damaged = Buffer.from(whole)
      damaged[at]! ^= 1 << (at % 8)
      await writeFile(file!, damaged)
      expect(await cache.get('a')).toBeNull()
    }
    for (const length of [0, 1, 31, 32, 36, whole.length - 1]) {
      await writeFile(file!, whole.subarray(0, length))
      expect(await cache.get('a')).toBeNull()
    }
    await writeFile(file!, Buffer.concat([whole, Buffer.from('x')]))
    expect(await cache.get('a')).toBeNull()
    cache.put('b', 1, [content(2)])
    await cache.settled()
    const other = (await files()).find((one) => one !== file)!
    await writeFile(other, whole)
    expect(await cache.get('b')).toBeNull()
    // It is made again.
    cache.put('a', 8, [content(3)])
    await cache.settled()
    expect((await cache.get('a'))!.rows).toBe(8)
  })

  it('is shared by servers that write at the same time', async () => {
    const limit = 64 * 20_000
    const caches = [open(limit), open(limit), open(limit)]
    let wrong = 0
    for (let round = 0; round < 60; round++) {
      for (const [n, cache] of caches.entries()) {
        for (let i = 0; i < 20; i++) cache.put(`${(round * 20 + i + n * 7) % 900}`, 1, [content((round * 20 + i + n * 7) % 900)])
      }
      const found = await Promise.all(Array.from({ length: 30 }, (_, i) => caches[i % 3]!.get(`${(round * 20 + i) % 900}`)))
      for (const [i, one] of found.entries()) if (one && !one.bytes.equals(content((round * 20 + i) % 900))) wrong++
    }
    await Promise.all(caches.map((cache) => cache.settled()))
    expect([wrong, failures]).toEqual([0, []])
    // Each of them looks again after 32 writes of a set.
    expect(await sizeOf()).toBeLessThanOrEqual(limit + 3 * 32 * 64 * 1_036)
    expect((await files()).filter((file) => file.includes('.'))).toEqual([])
  })

  it('removes unfinished files of servers that have ended', async () => {
    const cache = open()
    cache.put('a', 7, [content(1)])
    await cache.settled()
    const [file] = await files()
    const unfinished = `${file}.123-4`
    await writeFile(unfinished, 'abc')
    await utimes(unfinished, 1, 1)
    const next = open()
    next.put('a', 7, [content(1)])
    await next.settled()
    expect(await files()).toEqual([file])
  })

  it('costs nothing where nothing can be written', async () => {
    const path = join(folder, 'file')
    await writeFile(path, '')
    const cache = open(undefined, path)
    for (let n = 0; n < 10; n++) cache.put(`${n}`, 1, [content(n)])
    await cache.settled()
    expect(await cache.get('1')).toBeNull()
    // Some wait already. After the first failure, no more are taken.
    const before = failures.length
    expect(before).toBeGreaterThan(0)
    cache.put('a', 1, [content(1)])
    await cache.settled()
    expect(failures.length).toBe(before)
  })

  it.runIf(process.getuid?.() === 0 && canMount())('costs nothing where the disk is full', async () => {
    const disk = join(folder, 'disk')
    await mkdir(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk])
    try {
      const cache = open(64 * 100_000, disk)
      for (let n = 0; n < 100; n++) cache.put(`${n}`, 1, [content(n, 10_000)])
      await cache.settled()
      expect(failures[0]).toMatchObject({ code: 'ENOSPC' })
      const kept = await Promise.all(Array.from({ length: 100 }, (_, n) => cache.get(`${n}`)))
      expect(kept.every((one, n) => one === null || one.bytes.equals(content(n, 10_000)))).toBe(true)
      expect(kept.filter(Boolean).length).toBeGreaterThan(0)
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

function canMount(): boolean {
  try {
    execFileSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs tmpfs $d && umount $d'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
