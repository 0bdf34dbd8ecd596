/** The example of docs/spark.md, with a real Spark. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { launch } from '../../support/launched.ts'
import { sharedSpark } from '../../support/shared-spark.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import type { Example } from './example.ts'

/** A configuration file whose engine is the Spark of the tests, and two queries with their answers. */
export const gathered: Example = {
  blocks: ['yaml', 'graphql', 'json', 'graphql', 'json'],
  async holds(_, file, ...blocks) {
    const spark = await sharedSpark()
    await mkdir(join(spark.folder, 'data/sightings'), { recursive: true })
    const observations = join(ROOT, '.geoduck/demo/observations.parquet')
    await copyFile(observations, join(spark.folder, 'data/sightings/part-0.parquet'))
    await writeFile(join(spark.folder, 'geoduck.yaml'), file!.replace('127.0.0.1:15002', spark.address))
    const server = launch(process.execPath, [join(ROOT, 'src/main.ts'), '--port', '0'], {
      cwd: spark.folder,
      environment: {
        SPARK_CONNECT_AUTHENTICATE_TOKEN: spark.token,
        GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION,
        XDG_CACHE_HOME: join(spark.folder, 'cache'),
      },
    })
    try {
      const [, url] = await server.line(/^ready (\S+)$/)
      const state = async () => (await ask({ url: url! }, '{ layer(name: "sightings") { state } }')).data
      await expect.poll(state).toEqual({ layer: { state: 'READY' } })
      for (let n = 0; n < blocks.length; n += 2) expect(await ask({ url: url! }, blocks[n]!)).toEqual(JSON.parse(blocks[n + 1]!))
    } finally {
      process.kill(server.pid, 'SIGTERM')
      await server.ended
      await spark.leave()
    }
  },
}
