/** SQL patterns: `%` is any text, `_` one character, and a backslash takes the meaning from what follows it. */
import { GeoduckError } from '../../model/errors.ts'
import type { Test } from '../../model/predicate.ts'

export const MAX_PATTERN = 1_000
const SPECIAL = /[\\^$.|?*+()[\]{}]/g

/** Of the whole text. BAD_INPUT and LIMIT_EXCEEDED call the pattern `what`. */
export function readPattern(pattern: string, ignoreCase: boolean, what: string): Test {
  if (pattern.length > MAX_PATTERN) {
    throw new GeoduckError('LIMIT_EXCEEDED', `${what} takes a pattern of at most ${MAX_PATTERN} characters.`)
  }
  const whole = pattern.toWellFormed()
  if (/(?<!\\)(?:\\\\)*\\$/.test(whole)) {
    throw new GeoduckError('BAD_INPUT', `${what}: the pattern ends in a backslash, which would escape what follows; write two.`)
  }
  // The engine is fast with these. Its way with others tries every place for every `%`: seconds for one row where they are many.
  if (!ignoreCase && !/[\\_]/.test(whole)) return { kind: 'like', pattern: whole }
  return { kind: 'regex', pattern: `(?s${ignoreCase ? 'i' : ''})${toRegex(whole)}` }
}

/** RE2 takes time by the length of text and pattern only. */
function toRegex(pattern: string): string {
  return pattern.replace(/\\([\s\S])|%+|_|[^\\%_]+/g, (part, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped.replace(SPECIAL, '\\$&')
    return part.startsWith('%') ? '.*' : part === '_' ? '.' : part.replace(SPECIAL, '\\$&')
  })
}
