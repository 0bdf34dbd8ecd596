import { rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { isUnchanged, statOf } from '../../../src/catalog/sources/file-source.ts'
import { isLocal, stampNow, stampOf } from '../../../src/engines/duckdb/host/files.ts'
import { remove, temporaryFolder } from '../../support/import.ts'

const folder = await temporaryFolder()
const file = path.join(folder, 'a file')
const log = path.join(folder, 'a log')
afterAll(() => remove(folder))

test('a file has the same stamp whether a thread or the caller looks at it', async () => {
  await writeFile(file, 'abc')
  for (const one of [file, log, path.join(file, 'below'), import.meta.filename]) expect(stampNow(one)).toEqual(await stampOf(one))
  expect(stampNow(file).bytes).toBe(3)
  expect(stampNow(log).stamp).toBe('absent')
})

test.each([true, false])('a change of a file is seen at the next look (near: %s)', async (isNear) => {
  await writeFile(file, 'abc')
  const changes = {
    'it is written': () => writeFile(file, 'longer'),
    'a log appears': () => writeFile(log, ''),
    'a log disappears': () => rm(log),
    'another file takes its place': async () => {
      await writeFile(`${file}.new`, 'longer')
      await rename(`${file}.new`, file)
    },
    'it is removed': () => rm(file),
  }
  for (const [what, change] of Object.entries(changes)) {
    const before = await statOf([file, log])
    expect(await isUnchanged(before, isNear), `before ${what}`).toBe(true)
    await change()
    expect(await isUnchanged(before, isNear), what).toBe(false)
  }
})

test.runIf(process.platform === 'linux')('only files of a file system of this machine count as local', async () => {
  // The tests' temporary folder is local, whether the file is there or not. `/proc` stands for what is not known to be local.
  expect(await isLocal(log)).toBe(true)
  expect(await isLocal('/proc/self/stat')).toBe(false)
  expect(await isLocal('/proc/none')).toBe(false)
  expect(await isLocal(path.join(folder, 'missing', 'missing'))).toBe(false)
})
