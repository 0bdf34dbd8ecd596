/**
 * Compiles the comparison of two versions of files by their key. The worker runs it before the first statement that reads a difference, and keeps its
 * tables for all filters: the images of the features that differ.
 */

import { keyField } from '../../../model/feature-id.ts'
import type { Layer } from '../../../model/layer.ts'
import { digestOf } from './compile.ts'
import { isKept } from './geometry-column.ts'
import type { ComparedFiles } from './plan.ts'
import { FILE_IMAGES, type FileVersion, fileChanges, fileImage } from './quote.ts'
import { rowNumber, sourceOf } from './source.ts'

/** Most features that may differ. A snapshot is better than a longer difference. */
const MOST_CHANGED = 200_000

/** Both versions have the same columns and key. */
export function compareFiles(before: Layer, after: Layer): ComparedFiles {
  const [earlier, later] = [versionOf(before), versionOf(after)]
  const statements = [
    fileChanges(earlier, later, comparedColumns(after), MOST_CHANGED + 1),
    fileImage(FILE_IMAGES.before, earlier),
    fileImage(FILE_IMAGES.after, later),
  ]
  const name = digestOf(statements.join(), `${before.fingerprint} ${after.fingerprint}`, [])
  return { name, statements, most: MOST_CHANGED }
}

function versionOf(layer: Layer): FileVersion {
  const source = sourceOf(layer, null)
  const { pruning } = layer
  const members =
    pruning.kind === 'COVERING_COLUMN' ? (pruning.column === null ? Object.values(pruning.members) : [pruning.column]) : []
  const key = keyOf(layer)
  const names = new Map([...comparedColumns(layer), ...members, key].map((name) => [name.toLowerCase(), name]))
  return { from: source.from, row: rowNumber(source), key, columns: [...names.values()], where: isKept(layer) }
}

export function keyOf({ columns, key }: Layer): string {
  if (key.kind !== 'COLUMN') throw new Error('only versions with a key are compared')
  return keyField(columns, key).name
}

function comparedColumns({ columns, geometryColumn }: Layer): readonly string[] {
  return [...columns.map(({ name }) => name), ...(geometryColumn === null ? [] : [geometryColumn])]
}
