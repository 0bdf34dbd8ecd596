/** Files that several processes put into a shared folder: the first stays, and is never replaced under a reader. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PreparedCache } from '../../../src/catalog/sources/prepared-cache.ts'
import { localStore } from '../../../src/catalog/stores/local-store.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-local-store-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('of many files that are put at one place at once, one is', async () => {
  const files = Array.from({ length: 20 }, (_, n) => join(folder, `made-${n}`))
  await Promise.all(files.map((file) => writeFile(file, file)))
  const place = join(folder, 'place.parquet')
  const put = await Promise.all(files.map((file) => localStore.putIfAbsent(file, place)))
  expect(put.filter(Boolean)).toEqual([true])
  expect(await readFile(place, 'utf8')).toBe(files[put.indexOf(true)])
  expect(await localStore.list(`${folder}/*.parquet`)).toEqual([place])
})

it('what cannot be put is an error, not a file that was there', async () => {
  await expect(localStore.putIfAbsent(join(folder, 'absent'), join(folder, 'other'))).rejects.toMatchObject({ code: 'ENOENT' })
})

it('a server that lost its lock does not replace the copy that others serve', async () => {
  const { cache } = await PreparedCache.open({ folder: join(folder, 'cache'), limitBytes: 1e9 })
  const made = async (content: string) => {
    const file = join(await cache.makeFolder(), 'made.parquet')
    await writeFile(file, content)
    return file
  }
  const digest = '0'.repeat(32)
  await mkdir(join(folder, 'cache', digest))
  const [first, second] = [await made('first'), await made('second')]
  const copy = await cache.keep(first, digest, null)
  const { ino, mtimeMs } = await stat(copy)
  expect(await cache.keep(second, digest, null)).toBe(copy)
  expect(await readFile(copy, 'utf8')).toBe('first')
  expect(await stat(copy)).toMatchObject({ ino, mtimeMs, nlink: 1 })
  const left = await readdir(join(folder, 'cache/unfinished'), { recursive: true })
  expect(left.filter((name) => name.endsWith('.parquet'))).toEqual([])
})
