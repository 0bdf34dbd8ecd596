/** Room on the disk, asked for before anything is written. */
import { stat, statfs } from 'node:fs/promises'
import path from 'node:path'

/**
 * Of a file's bytes: the rows in the store, what sorting them spills when memory is short, and some room. An estimate, on the safe side for
 * files that are compressed about as well as a store is.
 */
const GROWTH = 2.5

/** Bytes that an import will need at most, as far as can be told before; and those that are free. */
export async function roomFor(
  store: string,
  inputs: readonly string[],
  rewritten: boolean,
): Promise<{ readonly needed: number; readonly free: number }> {
  const sizes = await Promise.all(
    [store, `${store}.wal`, ...inputs].map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  const [old = 0, log = 0, ...read] = sizes
  const added = read.reduce((sum, size) => sum + size, 0) * GROWTH
  const { bavail, bsize } = await statfs(path.dirname(store))
  // The copy; a table that is written anew stands beside the old one until the end.
  return { needed: Math.ceil((old + log) * (rewritten ? 2 : 1) + added), free: bavail * bsize }
}
