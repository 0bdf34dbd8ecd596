/** The folders of this machine, and those that it shares with other machines. */
import { glob, link, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Store } from './store.ts'

/** A file system, such as those of some network shares, may have no second names of a file. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

export const localStore: Pick<Store, 'list' | 'putIfAbsent'> = {
  async list(pattern) {
    return (await Array.fromAsync(glob(pattern))).map((match) => path.resolve(match)).sort()
  },

  /** The file must be in the same file system. It may be moved. */
  async putIfAbsent(file, address) {
    try {
      await link(file, address)
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') return false
      if (!NO_LINKS.has(code)) throw error
    }
    if (await stat(address).catch(() => null)) return false
    await rename(file, address)
    return true
  },
}
