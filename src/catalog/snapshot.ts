/** When to look at a file again. Nothing here goes into a fingerprint: two servers with the same data differ in all of it. */
import { stampOf } from '../engines/duckdb/host/files.ts'

/** Device, inode, size and modification time of each file, as text. */
export type Snapshot = readonly { readonly path: string; readonly bytes: number; readonly stamp: string }[]

/** About 30 us a file. One that is not there has a stamp, too: a database's write-ahead log comes and goes. */
export async function statOf(files: readonly string[]): Promise<Snapshot> {
  return await Promise.all(files.map(async (path) => ({ path, ...(await stampOf(path)) })))
}

export function bytesOf(snapshot: Snapshot): number {
  return snapshot.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Whether every file is still the one that the snapshot was taken of, as far as the file system knows. */
export async function unchanged(snapshot: Snapshot): Promise<boolean> {
  const now = await statOf(snapshot.map(({ path }) => path))
  return now.every(({ stamp }, index) => stamp === snapshot[index]?.stamp)
}

/** Whether a file of `before` is the same one `now`, but not as it was: who has it open reads what is written to it. */
export function writtenInPlace(before: Snapshot, now: Snapshot): boolean {
  const files = new Map(before.map(({ path, stamp }) => [path, stamp]))
  return now.some(({ path, stamp }) => {
    const known = files.get(path)
    return known !== undefined && known !== stamp && inodeOf(known) === inodeOf(stamp)
  })
}

function inodeOf(stamp: string): string {
  return stamp.split(':', 2).join(':')
}
