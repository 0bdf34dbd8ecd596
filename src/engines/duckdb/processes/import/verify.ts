/** Verifies the content of the copy, in a process that has not written it. */

import { kindOf } from '../../../../model/layer.ts'
import { identifier, literal } from '../../dialect/quote.ts'
import type { VerifiedLayer, VerifyJob } from '../../host/import-messages.ts'
import { checkLayer } from '../inspect/check.ts'
import { openInstance } from '../inspect/instance.ts'
import { indexNames } from './indexes.ts'
import { reporting } from './progress.ts'
import { Refusal } from './refusal.ts'
import { countRows, describeTarget, STORE } from './target.ts'

/** @throws Refusal that names the difference; Error of the engine */
export async function verify({ options, draft, layer, written }: VerifyJob): Promise<VerifiedLayer> {
  const connection = await openInstance({ ...options, countsProgress: true })
  await connection.run(`ATTACH ${literal(draft)} AS ${identifier(STORE)} (READ_ONLY)`)
  return await reporting(connection, 'verify', async () => {
    assertSame('rows', await countRows(connection), written.tables)
    assertSame('indexes', await indexNames(connection), written.indexes)
    const description = { ...(await describeTarget(connection, layer)), keyCandidates: [] }
    const proof = await checkLayer(connection, description)
    if (proof.outcome !== 'PROVEN')
      throw new Refusal('The copy holds geometry that cannot be read safely: the store is unchanged.')
    if (written.covered && !(description.covering && proof.coveringHolds)) {
      throw new Refusal('The covering column of the copy does not cover its geometry: the store is unchanged.')
    }
    assertSame('features', proof.featureCount, written.rows)
    assertSame('key', description.key.kind === 'COLUMN' ? description.key.column : null, written.key)
    assertSame('sorted copies', proof.sortedCopies?.map(({ column }) => column).sort(), [...written.sorted].sort())
    const { crs } = description
    return {
      kind: kindOf(description),
      geometryTypes: proof.geometryTypes,
      crs: crs && (crs.code ?? crs.name),
      uncomputable: proof.uncomputable,
    }
  })
}

function assertSame(what: string, found: unknown, expected: unknown): void {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value))
  if (a !== b) throw new Refusal(`The copy has other ${what} (${a}) than were written (${b}): the store is unchanged.`)
}
