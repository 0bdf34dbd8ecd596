import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Passage, passages } from './passages.ts'

export interface Finding {
  readonly line: number
  readonly rule: string
  /** The words of the text that break the rule. */
  readonly words: string
  readonly write: string
}

interface Words {
  readonly rule: string
  readonly find: RegExp
  readonly write: string
}

const LONGEST_CELL = 120
const LONGEST_PAGE = 250
/** Words of a sentence. */
const LONGEST_SENTENCE: Readonly<Record<Passage['kind'], number>> = {
  page: 30,
  cell: 30,
  schema: 30,
  comment: 40,
  string: 40,
  test: 40,
}
/** With a comma, "When a client stops, ..." can be a whole sentence; so can "That is why ...", and a question. */
const FRAGMENT =
  /^\s*((of|whether|which|who|whose|how|what|those)\b(?![^.]*\?)|that\b(?! (is|was|would|costs|takes|needs|means|makes|includes)\b)|(by|when|where|as)\b(?![^.]*,))/i

const WORDS: readonly Words[] = (
  parse(readFileSync(join(import.meta.dirname, 'words.yaml'), 'utf8')) as { rule: string; find: string; write: string }[]
).map(({ rule, find, write }) => ({
  rule,
  find: new RegExp(`(?<![\\w-])(?:${find.replaceAll(' ', '\\s+')})(?![\\w-])`, 'giu'),
  write,
}))

const SENTENCES = new Intl.Segmenter('en', { granularity: 'sentence' })

/** Returns what the text of a file has against the rules, in the order of its lines. `path` decides how it is read. */
export function findings(path: string, text: string): Finding[] {
  const result = passages(path, text).flatMap((passage) => [...ofWords(passage), ...ofForm(passage)])
  const lines = text.trimEnd().split('\n').length
  if (/(^|\/)docs\/.*\.md$/.test(path) && lines > LONGEST_PAGE)
    result.push({ line: LONGEST_PAGE + 1, rule: 'long-page', words: `${lines} lines`, write: `at most ${LONGEST_PAGE} lines` })
  return result.sort((a, b) => a.line - b.line)
}

function ofWords({ line, text }: Passage): Finding[] {
  return WORDS.flatMap(({ rule, find, write }) =>
    [...text.matchAll(find)].map(({ 0: words, index }) => ({
      line: line + breaks(text.slice(0, index)),
      rule,
      words: oneLine(words),
      write,
    })),
  )
}

function ofForm({ line, text, kind, opens }: Passage): Finding[] {
  const result: Finding[] = []
  const first = FRAGMENT.exec(text)
  if (first && opens && (kind === 'comment' || kind === 'schema'))
    result.push({ line: line + breaks(first[0]), rule: 'fragment', words: opening(text), write: 'a whole sentence' })
  if (kind === 'cell' && text.length > LONGEST_CELL)
    result.push({
      line,
      rule: 'long-cell',
      words: opening(text),
      write: `at most ${LONGEST_CELL} characters, not ${text.length}`,
    })
  for (const { segment, index } of SENTENCES.segment(text.replaceAll('\n', ' '))) {
    const words = segment.split(/\s+/).filter((word) => /[\p{L}\p{N}_]/u.test(word)).length
    const most = LONGEST_SENTENCE[kind]
    if (words > most)
      result.push({
        line: line + breaks(text.slice(0, index)),
        rule: 'long-sentence',
        words: opening(segment),
        write: `at most ${most} words per sentence, not ${words}`,
      })
  }
  return result
}

function breaks(text: string): number {
  return text.split('\n').length - 1
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ')
}

function opening(text: string): string {
  return `${oneLine(text).split(' ').slice(0, 6).join(' ')} ...`
}
