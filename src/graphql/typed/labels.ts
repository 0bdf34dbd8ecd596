/** Names of enum values for the texts of a column. */
import { hash } from 'node:crypto'

const NAME = /^(?!__|(?:true|false|null)$)[A-Za-z_][A-Za-z0-9_]*$/
const DIGEST_CHARACTERS = 6

/**
 * Returns the enum value of each text, in their order. A text that is a name in GraphQL is its own. In any other, what no name
 * may hold becomes `_`, and so it begins if it began with a digit: `bird of prey` is `bird_of_prey`. If another text has that
 * name too, or if nothing is left, it ends with `_` and six hexadecimal digits of the SHA-256 of the text. Null for a list
 * without texts, which can be no enum.
 */
export function labelsOf(texts: readonly string[]): readonly (readonly [text: string, label: string])[] | null {
  if (texts.length === 0) return null
  const wishes = texts.map((text) => [text, NAME.test(text) ? text : asName(text)] as const)
  const claims = Map.groupBy(wishes, ([, name]) => name)
  return wishes.map(([text, name]) => {
    const isOwn = text === name || (name !== '_' && claims.get(name)!.length === 1)
    return [text, isOwn ? name : `${name}_${hash('sha256', text).slice(0, DIGEST_CHARACTERS)}`]
  })
}

function asName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9]+/g, '_')
  if (NAME.test(name)) return name
  return /^[A-Za-z]/.test(name) ? `${name}_` : `_${name}`.replace(/^_+/, '_')
}
