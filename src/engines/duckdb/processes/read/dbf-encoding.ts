/** Decodes the texts of a Shapefile's attribute table, by its `.cpg` file or by the language driver in the table's header. */
import iconv from 'iconv-lite'
import { Faults } from './reader.ts'

/**
 * Code pages by the number of the language driver (LDID). Several numbers name the same page for different countries.
 * The table is the one of ESRI and of dBase: http://shapelib.maptools.org/codepage.html
 */
const DRIVERS: Readonly<Record<string, readonly number[]>> = {
  cp437: [1, 9, 11, 13, 15, 17, 21, 24, 25, 27],
  cp850: [2, 10, 14, 16, 18, 20, 22, 26, 29, 37, 55],
  cp1252: [3, 87, 88, 89],
  macintosh: [4],
  cp865: [8, 23, 102],
  cp932: [19, 123],
  cp863: [28, 108],
  cp852: [31, 34, 35, 64, 100, 135],
  cp860: [36],
  cp866: [38, 101],
  cp949: [78, 121],
  cp936: [77, 122],
  cp950: [79, 120],
  cp874: [80, 124],
  cp861: [103],
  cp737: [106, 134],
  cp857: [107, 136],
  maccyrillic: [150],
  maccenteuro: [151],
  macgreek: [152],
  cp1250: [200],
  cp1251: [201],
  cp1254: [202],
  cp1253: [203],
  cp1255: [125],
  cp1256: [126],
  cp1257: [204],
}

const BY_DRIVER = new Map(Object.entries(DRIVERS).flatMap(([page, numbers]) => numbers.map((number) => [number, page] as const)))

/** The encoding of a table that does not name one, unless its texts are UTF-8. It is the most frequent one. */
const USUAL = 'cp1252'

export interface Decoder {
  /** @param where the column, for problems */
  text(bytes: Uint8Array, where: string): string
  problems(): readonly string[]
}

/** @throws Error if the `.cpg` names an encoding that is not known */
export function decoderOf(cpg: string | null, driver: number): Decoder {
  const named = cpg?.replace(/^\uFEFF/, '').trim() ?? ''
  const encoding = named === '' ? (BY_DRIVER.get(driver) ?? null) : encodingOf(named)
  if (encoding === null) return guessing()
  return /^utf-?8$/i.test(encoding) ? utf8() : paged(encoding)
}

/** Names such as `UTF-8`, `1252`, `CP1252`, `ANSI 1252`, `OEM 437`, `LDID/87`, `ISO-8859-1`, `88591`, `BIG5`. */
function encodingOf(named: string): string {
  const driver = /^LDID\/(\d+)$/i.exec(named)
  const number = /^(?:CP|ANSI|OEM|WINDOWS|MS|IBM|ISO)?[-_ ]*(\d+)$/i.exec(named)?.[1]
  const iso = /^(?:ISO[-_ ]?)?8859[-_ ]?(\d{1,2})$/i.exec(named)?.[1]
  const wishes = [driver && BY_DRIVER.get(Number(driver[1])), iso && `iso-8859-${iso}`, number && `cp${number}`, named]
  const pages: Readonly<Record<string, string>> = {
    cp65001: 'utf8',
    cp20936: 'gb2312',
    cp54936: 'gb18030',
    cp51949: 'euc-kr',
    cp51932: 'euc-jp',
  }
  for (const wish of wishes) {
    const known = wish && (pages[wish] ?? wish)
    if (known && iconv.encodingExists(known)) return known
  }
  throw new Error(
    `its .cpg names the encoding ${JSON.stringify(named.slice(0, 40))}, which is not known: write UTF-8, or a code page such as 1252`,
  )
}

const isAscii = (bytes: Uint8Array): boolean => bytes.every((byte) => byte < 0x80)
const ASCII = new TextDecoder('latin1')

function paged(encoding: string): Decoder {
  const faults = new Faults()
  return {
    text(bytes, where) {
      if (isAscii(bytes)) return ASCII.decode(bytes)
      const text = iconv.decode(Buffer.from(bytes), encoding)
      if (text.includes('\uFFFD')) faults.add(where)
      return text
    },
    problems: () =>
      faults.problem(
        (count) => `${count} of its texts have bytes that ${encoding} does not have, and the replacement character U+FFFD`,
      ),
  }
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true })

/** Bytes of a character that is cut off at the end of a field: its first byte, and fewer others than it needs. */
const CUT = /(?:[\xC2-\xDF]|[\xE0-\xEF][\x80-\xBF]?|[\xF0-\xF4][\x80-\xBF]{0,2})$/

function utf8(): Decoder {
  const [cut, invalid] = [new Faults(), new Faults()]
  return {
    text(bytes, where) {
      if (isAscii(bytes)) return ASCII.decode(bytes)
      const whole = strictly(bytes)
      if (whole !== null) return whole
      const kept = strictly(bytes.subarray(0, Buffer.from(bytes).toString('latin1').replace(CUT, '').length))
      ;(kept === null ? invalid : cut).add(where)
      return kept ?? LENIENT.decode(bytes)
    },
    problems: () => [
      ...cut.problem((count) => `${count} of its texts end within a character, which is left out`),
      ...invalid.problem((count) => `${count} of its texts are not UTF-8, and have the replacement character U+FFFD`),
    ],
  }
}

/** No encoding is named: texts are UTF-8, or else the usual code page. */
function guessing(): Decoder {
  const guessed = new Faults()
  return {
    text(bytes, where) {
      if (isAscii(bytes)) return ASCII.decode(bytes)
      const text = strictly(bytes)
      if (text !== null) return text
      guessed.add(where)
      return iconv.decode(Buffer.from(bytes), USUAL)
    },
    problems: () =>
      guessed.problem(
        (count) =>
          `it does not name the encoding of its texts, and ${count} of them are read as Windows-1252: put the right one into a .cpg file beside it`,
      ),
  }
}

function strictly(bytes: Uint8Array): string | null {
  try {
    return STRICT.decode(bytes)
  } catch {
    return null
  }
}
