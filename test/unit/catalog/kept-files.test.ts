/** The files of versions that clients follow, which are kept when they are replaced. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FileKeeper } from '../../../src/catalog/kept-files.ts'
import { machineId } from '../../../src/catalog/process-lock.ts'
import { KEPT_FILES, keptPaths } from '../../../src/engines/duckdb/host/files.ts'

/** A file system of Linux in memory, to which no file of a disk can have a link. */
const MEMORY = '/dev/shm'
const isVersion = async () => true

let folder: string
let keeper: FileKeeper
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  await mkdir(join(folder, 'kept'))
  keeper = new FileKeeper(join(folder, 'kept'), 'test')
})
afterEach(async () => {
  await keeper.close()
  expect(await readdir(join(folder, 'kept'))).toEqual([])
  await rm(folder, { recursive: true })
})

async function replaced(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

test('a replaced file stays readable by a link, and is no longer what it was when it is written in place', async () => {
  const file = join(folder, 'a')
  await writeFile(file, 'one')
  const kept = (await keeper.keep([file], isVersion))!
  expect((await stat(file)).ino).toBe((await stat(kept.files[0]!)).ino)
  expect(keptPaths(keeper.folder)).toContain(kept.files[0])
  await replaced(file, 'two')
  expect([await readFile(kept.files[0]!, 'utf8'), await kept.areUnchanged()]).toEqual(['one', true])
  await writeFile(kept.files[0]!, 'other')
  expect(await kept.areUnchanged()).toBe(false)
  await kept.release()
  expect(existsSync(kept.files[0]!)).toBe(false)
})

test.runIf(existsSync(MEMORY))('a file of another file system is copied', async () => {
  const memory = await mkdtemp(join(MEMORY, 'geoduck-test-'))
  try {
    const file = join(memory, 'a')
    await writeFile(file, 'one')
    const kept = (await keeper.keep([file], isVersion))!
    await writeFile(file, 'two')
    expect([await readFile(kept.files[0]!, 'utf8'), await kept.areUnchanged()]).toEqual(['one', true])
  } finally {
    await rm(memory, { recursive: true })
  }
})

test('files that are missing, too many, or of another version are not kept, and take no place', async () => {
  const file = join(folder, 'a')
  await writeFile(file, 'one')
  const places = KEPT_FILES
  expect(await keeper.keep([join(folder, 'missing')], isVersion)).toBeNull()
  expect(await keeper.keep([file], async () => false)).toBeNull()
  expect(
    await keeper.keep(
      Array.from({ length: places + 1 }, () => file),
      isVersion,
    ),
  ).toBeNull()
  const all = (await keeper.keep(
    Array.from({ length: places }, () => file),
    isVersion,
  ))!
  expect(await keeper.keep([file], isVersion)).toBeNull()
  await all.release()
  expect(await keeper.keep([file], isVersion)).not.toBeNull()
})

test('what a process left that does not run any more is removed', async () => {
  const left = join(folder, 'kept', `geoduck-kept-${2 ** 30}-${machineId()}-left`)
  await mkdir(left)
  await writeFile(join(folder, 'a'), 'one')
  expect(await keeper.keep([join(folder, 'a')], isVersion)).not.toBeNull()
  expect(existsSync(left)).toBe(false)
})
