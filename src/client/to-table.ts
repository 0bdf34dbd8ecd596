import type { RecordBatch, Table } from 'apache-arrow'
import type { ArrowBatch } from './encoding.ts'

/**
 * Reads a stream to its end, as one Arrow table of as many record batches: their buffers are those that came, nothing is joined or copied.
 * Memory grows with the result. Needs the package apache-arrow. A result without features has no schema: the table has no columns then.
 */
export async function toTable(stream: AsyncIterable<ArrowBatch>): Promise<Table> {
  const { RecordBatchReader, Table: ArrowTable } = await import('apache-arrow')
  const batches: RecordBatch[] = []
  for await (const { arrow } of stream) batches.push(...RecordBatchReader.from(arrow))
  return batches.length > 0 ? new ArrowTable(batches) : new ArrowTable()
}
