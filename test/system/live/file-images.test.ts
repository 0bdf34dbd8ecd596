/** The tables of a difference between two versions of files, in a real engine. */
import { expect, test } from 'vitest'
import { FileImages } from '../../../src/engines/duckdb/processes/query/file-images.ts'
import { inEngine } from '../../support/engine.ts'

/** The statements of a comparison in which `count` features differ. */
const comparison = (name: string, count: number, most: number) => ({
  name,
  statements: [
    `CREATE TABLE file_keys AS FROM range(${count}) AS t(k)`,
    'CREATE TABLE file_before AS FROM file_keys',
    'CREATE TABLE file_after AS FROM file_keys',
  ],
  most,
})

test('a comparison is made once, and refused if more features differ than a difference may have', async () => {
  await inEngine(':memory:', async (connection) => {
    const images = new FileImages()
    const rows = async () => (await connection.runAndReadAll('SELECT count(*)::INTEGER FROM file_before')).getRows()
    await images.show(connection, comparison('one', 3, 3))
    expect(await rows()).toEqual([[3]])
    await images.show(connection, { ...comparison('one', 3, 3), statements: ['a comparison that must not run'] })
    await expect(images.show(connection, comparison('two', 4, 3))).rejects.toThrow(
      'Invalid Input Error: Refused: more than 3 features differ',
    )
    await images.show(connection, comparison('one', 2, 3))
    expect(await rows()).toEqual([[2]])
  })
})
