/** The land and the borders below the map of the page. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ground } from '../../scripts/ground.ts'
import { ROOT } from '../support/environment.ts'

test('the file in the repository is what the script makes of the atlas', async () => {
  expect(await readFile(join(ROOT, 'src/web/ground.json'), 'utf8')).toBe(await ground())
})
