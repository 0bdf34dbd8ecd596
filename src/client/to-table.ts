import type { RecordBatch, Table } from 'apache-arrow'
import type { ArrowBatch } from './encoding.ts'
import { GeoduckClientError } from './error.ts'

/**
 * Reads a stream to its end, as one Arrow table with one record batch per batch. It uses the received buffers and copies nothing.
 * Memory grows with the result. It needs the package apache-arrow. A result without features has no schema: then the table has no columns.
 */
export async function toTable(stream: AsyncIterable<ArrowBatch>): Promise<Table> {
  const { RecordBatchReader, Table: ArrowTable } = await loadArrow()
  const batches: RecordBatch[] = []
  for await (const { arrow } of stream) {
    for (const batch of RecordBatchReader.from(arrow)) {
      // `streamFeatures` ensures this for one stream; batches of several streams may differ.
      if (batches[0] && String(batch.schema) !== String(batches[0].schema)) {
        throw new GeoduckClientError('PROTOCOL', 'The columns changed in the middle of the stream: ask again from the start.')
      }
      batches.push(batch)
    }
  }
  return batches.length > 0 ? new ArrowTable(batches) : new ArrowTable()
}

/** Inside `try`, bundlers accept that the package is missing. */
async function loadArrow() {
  try {
    return await import('apache-arrow')
  } catch (cause) {
    throw new Error('toTable needs the package apache-arrow: install it with `npm install apache-arrow`.', { cause })
  }
}
