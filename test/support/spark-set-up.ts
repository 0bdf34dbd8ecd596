/** Vitest's global set-up: one Spark for all test files. It starts when the first of them asks for it, and ends with the last. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { type Spark, startSpark } from './spark.ts'

const TOKEN = 'of the tests'

/** To compile a statement takes longer than to interpret it for the few rows of a test. Long runs compile. */
const INTERPRETED = { 'spark.sql.codegen.wholeStage': 'false', 'spark.sql.codegen.factoryMode': 'NO_CODEGEN' }

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<Spark> | null = null
  const http = createServer((_, response) => {
    started ??= startSpark({ 'spark.connect.authenticate.token': TOKEN, ...(process.env['GEODUCK_LONG'] ? {} : INTERPRETED) })
    started.then(
      (spark) => response.end(JSON.stringify({ ...spark, token: TOKEN })),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  project.provide('spark', `http://127.0.0.1:${(http.address() as AddressInfo).port}`)
  return async () => {
    http.close()
    await (await started?.catch(() => null))?.stop()
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The address that answers with the `Spark` of all test files. */
    readonly spark: string
  }
}
