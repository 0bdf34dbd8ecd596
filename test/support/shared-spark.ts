/** The Spark that all test files share. A test that ends Spark, or changes its settings, starts another one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { Spark } from './spark.ts'

export interface SharedSpark extends Pick<Spark, 'address' | 'folder'> {
  /** It refuses all who do not send it. */
  readonly token: string
  /** Removes the folder. */
  leave(): Promise<void>
}

export async function sharedSpark(): Promise<SharedSpark> {
  const response = await fetch(inject('spark'))
  if (!response.ok) throw new Error(await response.text())
  const { address, folder: parent, token } = (await response.json()) as Spark & { token: string }
  const folder = await mkdtemp(join(parent, 'test-'))
  return { address, folder, token, leave: () => rm(folder, { recursive: true, force: true }) }
}
