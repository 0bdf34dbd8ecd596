/** A Spark that is stopped and started again, which ends the sessions of its clients. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SparkConnection, type SparkError } from '../../../src/engines/spark/host/spark-connection.ts'
import { python } from '../../support/python.ts'
import { startSpark } from '../../support/spark.ts'

it('a connection begins another session with its settings', async () => {
  const first = await startSpark()
  const [, port = ''] = first.address.split(':')
  const target = { address: first.address, isEncrypted: false, token: null }
  const connection = new SparkConnection({ ...target, tempDirectory: join(first.folder, 'temp') })
  await connection.version().finally(first.stop)
  const again = await startSpark({ 'spark.connect.grpc.binding.port': port })
  try {
    const directory = join(again.folder, 'rows')
    // Names that differ only in case are two columns if the session has our settings.
    const write = async () => await connection.write({ sql: 'SELECT 1 AS n, 2 AS N', values: [], directory })
    const result = () =>
      write().then(
        () => 'written',
        (error: SparkError) => (error.isUnavailable ? 'unavailable' : error.message),
      )
    await expect.poll(result).toBe('written')
    const [file] = (await readdir(directory)).filter((name) => name.endsWith('.parquet'))
    const read = 'import json, sys, pyarrow.parquet; print(json.dumps(pyarrow.parquet.ParquetFile(sys.argv[1]).schema.names))'
    expect(await python(read, [join(directory, file!)])).toEqual(['n', 'N'])
  } finally {
    await connection.close()
    await again.stop()
  }
})
