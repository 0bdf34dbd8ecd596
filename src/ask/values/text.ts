/** Reads types whose client values are strings other than times: text, labels, identifiers, bytes. And booleans. */
import { type Comparand, exactComparand, type ValueKind } from './value-kind.ts'

const UUID_FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
/** The number of labels in a message. */
const LISTED = 10

export const BOOLEAN: ValueKind = {
  takes: 'true or false',
  place: (value) => (typeof value === 'boolean' ? exactComparand(String(value)) : null),
}

/** Well-formed Unicode. No stored text can contain half of a surrogate pair. */
export const TEXT: ValueKind = text('a string', (value) => exactComparand(value.toWellFormed()))

export const UUID: ValueKind = text('a string, a UUID', (value) => (UUID_FORM.test(value) ? exactComparand(value) : null))

export const BITS: ValueKind = text('a string of 0 and 1', (value) => (/^[01]+$/.test(value) ? exactComparand(value) : null))

/** The text form is hexadecimal. */
export const BINARY: ValueKind = text('a string, bytes in base64', (value) =>
  BASE64.test(value) ? exactComparand(Buffer.from(value, 'base64').toString('hex')) : null,
)

/** Labels are compared and sorted in the order of their declaration, by their number, which is their text form. */
export function enumeration(labels: readonly string[]): ValueKind {
  const codes = new Map(labels.map((label, code) => [label, code]))
  const listed = labels.slice(0, LISTED).map((label) => JSON.stringify(label))
  const more = labels.length > LISTED ? ` and ${labels.length - LISTED} more` : ''
  return text(`one of ${listed.join(', ')}${more}`, (value) => {
    const code = codes.get(value)
    return code === undefined ? null : exactComparand(String(code))
  })
}

function text(takes: string, place: (value: string) => Comparand | null): ValueKind {
  return { takes, place: (value) => (typeof value === 'string' ? place(value) : null) }
}
