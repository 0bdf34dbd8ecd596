/** Names of enum values for the texts of a column. */
import { hash } from 'node:crypto'

const NAME = /^(?!__|(?:true|false|null)$)[A-Za-z_][A-Za-z0-9_]*$/
const SHORTEST_DIGEST = 6
const LONGEST_DIGEST = 64

/**
 * Returns the enum value of each text, in their order. A text that is a name in GraphQL is its own. In any other, what no name
 * may hold becomes `_`, and so it begins if it began with a digit: `bird of prey` is `bird_of_prey`. If another text has that
 * name too, or if nothing is left, it ends with `_` and six hexadecimal digits of the SHA-256 of the text; with more in the rare
 * case that six are equal. Null for a list without texts, which can be no enum.
 */
export function labelsOf(texts: readonly string[]): readonly (readonly [text: string, label: string])[] | null {
  if (texts.length === 0) return null
  const wishes = texts.map((text) => [text, NAME.test(text) ? text : asName(text)] as const)
  const claims = Map.groupBy(wishes, ([, name]) => name)
  const withDigests = (digits: number) =>
    wishes.map(([text, name]) => {
      const isOwn = text === name || (name !== '_' && claims.get(name)!.length === 1)
      const start = name === '_' ? name : `${name}_`
      return [text, isOwn ? name : `${start}${hash('sha256', text).slice(0, digits)}`] as const
    })
  for (let digits = SHORTEST_DIGEST; digits <= LONGEST_DIGEST; digits++) {
    const labels = withDigests(digits)
    if (new Set(labels.map(([, label]) => label)).size === labels.length) return labels
  }
  return null
}

function asName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9]+/g, '_')
  if (NAME.test(name)) return name
  return /^[A-Za-z]/.test(name) ? `${name}_` : `_${name}`.replace(/^_+/, '_')
}
