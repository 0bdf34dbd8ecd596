import { readFileSync } from 'node:fs'

/** Returns a file of a process or thread in /proc. Empty if that has ended meanwhile. */
export function procFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
