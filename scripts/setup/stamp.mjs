import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { STATE } from './paths.mjs'

/** True if the step was done for exactly this key. */
export function isStamped(step, key) {
  try {
    return readFileSync(`${STATE}/stamps/${step}`, 'utf8') === key
  } catch {
    return false
  }
}

export function stamp(step, key) {
  mkdirSync(`${STATE}/stamps`, { recursive: true })
  writeFileSync(`${STATE}/stamps/${step}`, key)
}

/** A digest of files and words: what a step's result depends on. */
export function digest(files, words = []) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file)).update('\0')
  for (const word of words) hash.update(word).update('\0')
  return hash.digest('hex')
}
