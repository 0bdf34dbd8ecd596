/**
 * The characters of well-known text, one after the other. No regular expression: one that looks for a number goes over `111...1x` again from
 * every digit, 900 ms for 20 KB of it.
 */

/** Digits that a double holds without loss, whatever they are. */
const EXACT_DIGITS = 15
/** Powers of ten that a double holds without loss: a whole number of `EXACT_DIGITS` divided by one is rounded once, as it is to be. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

const [PLUS, MINUS, DOT, ZERO, NINE] = [0x2b, 0x2d, 0x2e, 0x30, 0x39]

export const isSpace = (code: number) => code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a
export const isLetter = (code: number) => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
export const isDigit = (code: number) => code >= ZERO && code <= NINE
export const isNumberStart = (code: number) => isDigit(code) || code === MINUS || code === PLUS || code === DOT

export function wordEnd(text: string, from: number): number {
  let at = from
  while (isLetter(text.charCodeAt(at))) at++
  return at
}

/** The result of the last `numberAt`: a new one for every number would cost as much as reading it. */
const found = { value: 0, end: 0 }

/** The number that begins there and where it ends; `end` is `from` where there is none. To be read before the next call. */
export function numberAt(text: string, from: number): Readonly<typeof found> {
  const sign = text.charCodeAt(from)
  const start = sign === MINUS || sign === PLUS ? from + 1 : from
  let at = start
  let mantissa = 0
  for (let code = text.charCodeAt(at); isDigit(code); code = text.charCodeAt(++at)) mantissa = mantissa * 10 + code - ZERO
  let digits = at - start
  let fraction = 0
  if (text.charCodeAt(at) === DOT) {
    const behind = ++at
    for (let code = text.charCodeAt(at); isDigit(code); code = text.charCodeAt(++at)) mantissa = mantissa * 10 + code - ZERO
    fraction = at - behind
    digits += fraction
  }
  const end = exponentEnd(text, at)
  const isWhole = digits > 0 && !isPartOfWord(text.charCodeAt(end))
  found.end = isWhole ? end : from
  if (!isWhole) return found
  const exact = digits <= EXACT_DIGITS && end === at
  if (exact) found.value = (sign === MINUS ? -mantissa : mantissa) / (POWERS[fraction] as number)
  else found.value = Number(text.slice(from, end))
  return found
}

/** Where an exponent ends that begins there, if one does. */
function exponentEnd(text: string, from: number): number {
  if ((text.charCodeAt(from) | 0x20) !== 0x65) return from
  const sign = text.charCodeAt(from + 1)
  const start = sign === MINUS || sign === PLUS ? from + 2 : from + 1
  let at = start
  while (isDigit(text.charCodeAt(at))) at++
  return at === start ? from : at
}

/** What no number may be followed by. */
function isPartOfWord(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === DOT || code === 0x5f
}
