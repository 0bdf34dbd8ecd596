/** The places of the map page. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { places } from '../../scripts/places.ts'
import { ROOT, SHARED } from '../support/environment.ts'

test('the file in the repository is what the script makes of the populated places', async () => {
  const file = await readFile(join(ROOT, 'src/web/places.json'), 'utf8')
  expect(file).toBe(await places(join(SHARED, 'data/places.parquet')))
  expect(JSON.parse(file).places).toHaveLength(7343)
})
