import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { remove, temporaryFolder } from '../../support/import.ts'

/** The folder of the test that runs, and files that it may make there. */
export let folder: string
export let store: string
export let parquet: string

/** Gives each test of the file an empty folder, which is removed after the test. */
export function eachInNewFolder(): void {
  beforeEach(async () => {
    folder = await temporaryFolder()
    store = join(folder, 'city.duckdb')
    parquet = join(folder, 'squares.parquet')
  })
  afterEach(() => remove(folder))
}
