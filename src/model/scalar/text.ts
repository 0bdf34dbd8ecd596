/** Types whose client values are strings that are no times: text, labels, identifiers, bytes. And booleans. */
import { exactly, plain, type Scalar } from './scalar.ts'

const UUID_FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const BITS = /^[01]+$/
/** Of the last characters of a text, in the number that it is sorted into buckets by. */
const WEIGHTS = [31, 7, 113] as const
/** Labels that a message lists. */
const LISTED = 10

export const BOOLEAN: Scalar = plain('BOOLEAN', 'true or false', (value) =>
  typeof value === 'boolean' ? exactly(String(value)) : null,
)

export const VARCHAR: Scalar = {
  // The engine takes well-formed Unicode only: a half of a surrogate pair is what no stored text can hold either.
  ...plain('VARCHAR', 'a string', (value) => (typeof value === 'string' ? exactly(value.toWellFormed()) : null)),
  text: (subject) => subject,
  bucket: {
    of: (text) => {
      const characters = [...text.slice(-6)]
      return (
        WEIGHTS.reduce(
          (sum, weight, n) => sum + weight * (characters.at(-1 - n)?.codePointAt(0) ?? -1),
          Buffer.byteLength(text),
        ) & 255
      )
    },
    sql: (subject) =>
      `(strlen(${subject})${WEIGHTS.map((weight, n) => ` + ${weight} * unicode(${subject}[${-1 - n}])`).join('')}) & 255`,
  },
}

export const UUID: Scalar = plain('UUID', 'a string, a UUID', (value) => matching(UUID_FORM, value))

export const BIT: Scalar = plain('BIT', 'a string of 0 and 1', (value) => matching(BITS, value))

export const BLOB: Scalar = {
  ...plain('BLOB', 'a string, bytes in base64', (value) =>
    typeof value === 'string' && BASE64.test(value) ? exactly(Buffer.from(value, 'base64').toString('hex')) : null,
  ),
  text: (subject) => `hex(${subject})`,
  cast: (text) => `unhex(${text})`,
}

/** Labels are compared and sorted in the order they are declared in, by their number. */
export function enumeration(labels: readonly string[]): Scalar {
  const codes = new Map(labels.map((label, code) => [label, code]))
  const more = labels.length > LISTED ? ` and ${labels.length - LISTED} more` : ''
  const scalar = plain(
    'INTEGER',
    `one of ${labels
      .slice(0, LISTED)
      .map((label) => JSON.stringify(label))
      .join(', ')}${more}`,
    (value) => {
      const code = typeof value === 'string' ? codes.get(value) : undefined
      return code === undefined ? null : exactly(String(code))
    },
  )
  return { ...scalar, subject: (column) => `CAST(enum_code(${column}) AS INTEGER)` }
}

function matching(form: RegExp, value: unknown) {
  return typeof value === 'string' && form.test(value) ? exactly(value) : null
}
