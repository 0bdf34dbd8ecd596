import { Lexer, Source, TokenKind } from 'graphql'
import { type Comment, type Node, parseSync, Visitor } from 'oxc-parser'

/** One run of prose in a file: a paragraph, a list item, a table cell, a comment or a string. */
export interface Passage {
  /** The line that `text` begins on: 1 is the file's first. */
  readonly line: number
  /** Has the line breaks of the file. Code, URLs and values of template literals are replaced with `_`. */
  readonly text: string
  readonly kind: 'page' | 'cell' | 'schema' | 'comment' | 'string' | 'test'
  /** The passage opens its comment, page or string: it isn't a later paragraph of it. */
  readonly opens: boolean
}

type Kind = Passage['kind']

/** Returns the prose of a file, by the ending of its name. A file without a known ending has none. */
export function passages(path: string, text: string): Passage[] {
  if (/\.[cm]?[jt]sx?$/.test(path)) return ofScript(path, text)
  if (path.endsWith('.md')) return ofPage(path.endsWith('CHANGELOG.md') ? unreleased(text) : text)
  if (path.endsWith('.graphql')) return ofSchema(text)
  if (path.endsWith('.css')) return found(text, /\/\*(.*?)\*\//gs, 'comment')
  if (path.endsWith('.html')) {
    const scripts = text.replace(/<(script|style)\b.*?<\/\1>/gs, blank)
    return [
      ...found(scripts, /<!--(.*?)-->/gs, 'comment'),
      ...found(scripts.replace(/<!--.*?-->/gs, blank), />([^<>]*\s[^<>]*)</g, 'string'),
    ]
  }
  if (/\.(ya?ml|py|sh)$|Dockerfile$/.test(path)) return found(text, /(?:^[ \t]*#(?!!).*\n?)+/gm, 'comment')
  return []
}

function ofScript(path: string, text: string): Passage[] {
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} can't be parsed: ${errors[0]?.message}`)
  const result: Passage[] = []
  const add = (kind: Kind, start: number, prose: string) => result.push(...blocks(prose, lineAt(text, start), kind))
  for (const { start, end, type } of joined(comments, text)) {
    const body = text.slice(start, end)
    add('comment', start, type === 'Line' ? body.replace(/^[ \t]*\/\/+/gm, '') : body.slice(2, -2))
  }
  const names = new Set<number>()
  const ownStrings = /(^|\/)src\//.test(path)
  const string = (node: Node, kind: Kind) => {
    const prose = stringOf(node, text)
    if (prose?.trim().includes(' ')) add(kind, node.start, prose)
  }
  new Visitor({
    CallExpression({ callee, arguments: [first] }) {
      if (!first || !/^(it|test|describe|suite)\b/.test(text.slice(callee.start, callee.end))) return
      if (names.has(first.start)) return
      names.add(first.start)
      string(first, 'test')
    },
    Literal(node) {
      if (ownStrings) string(node, 'string')
    },
    TemplateLiteral(node) {
      if (ownStrings) string(node, 'string')
    },
  }).visit(program)
  return result
}

/** Line comments on lines that follow each other are one comment. */
function joined(comments: readonly Comment[], text: string): Comment[] {
  const result: Comment[] = []
  for (const comment of comments) {
    const last = result.at(-1)
    const follows = last && /^[ \t]*\r?\n[ \t]*$/.test(text.slice(last.end, comment.start))
    if (follows && last.type === 'Line' && comment.type === 'Line') last.end = comment.end
    else result.push({ ...comment })
  }
  return result
}

/** Returns what a string or template holds, with its line breaks; null for every other node, and for SQL and GraphQL. */
function stringOf(node: Node, text: string): string | null {
  const raw = text.slice(node.start + 1, node.end - 1)
  if (/\b(SELECT|FROM|INSERT|CREATE|COPY|PRAGMA|ATTACH|ST_\w+)\b|\b(query|subscription)\b[^.]*\{/.test(raw)) return null
  if (node.type === 'Literal') return typeof node.value === 'string' ? raw.replaceAll(/\\(['"])/g, '$1') : null
  if (node.type !== 'TemplateLiteral') return null
  return node.quasis
    .map(({ start, end }) =>
      text
        .slice(start, end)
        .replace(/^[`}]|(\$\{|`)$/g, '')
        .replaceAll('\\`', '`'),
    )
    .join('_')
}

function ofSchema(text: string): Passage[] {
  const result: Passage[] = []
  const lexer = new Lexer(new Source(text))
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    if (token.kind === TokenKind.STRING || token.kind === TokenKind.BLOCK_STRING)
      result.push(...blocks(text.slice(token.start, token.end).replace(/^"+|"+$/g, ''), token.line, 'schema'))
  }
  return result
}

function ofPage(text: string): Passage[] {
  const prose = text.replace(/^( *)(```+|~~~+)[^\n]*\n.*?^ *\2 *$/gms, blank).replace(/<!--.*?-->/gs, blank)
  return blocks(prose, 1, 'page')
}

/** Returns a changelog without its released versions: their text stays. */
function unreleased(text: string): string {
  const released = text.search(/^## \[?\d/m)
  return released < 0 ? text : text.slice(0, released)
}

function found(text: string, pattern: RegExp, kind: Kind): Passage[] {
  return [...text.matchAll(pattern)].flatMap(({ 0: whole, 1: inner, index }) => {
    const prose = inner ?? whole.replaceAll(/^[ \t]*#+/gm, '')
    return blocks(prose, lineAt(text, index + (inner === undefined ? 0 : whole.indexOf(inner))), kind)
  })
}

/** Splits text at blank lines, headings, list items, table cells and JSDoc tags, and messages at indented lines too: those are examples. */
function blocks(text: string, line: number, kind: Kind): Passage[] {
  const result: Passage[] = []
  let block: string[] = []
  let began = 0
  const end = () => {
    const prose = block.join('\n')
    if (/\p{L}/u.test(prose)) result.push({ line: line + began, text: prose, kind, opens: result.length === 0 })
    block = []
  }
  for (const [n, whole] of withoutCode(text).split('\n').entries()) {
    const content = kind === 'comment' ? whole.replace(/^\s*\*(?=\s|$)/, '') : whole
    if (kind === 'page' && /^\s*\|/.test(content)) {
      end()
      for (const cell of content.split(/(?<!\\)\|/)) {
        if (/\p{L}/u.test(cell)) result.push({ line: line + n, text: cell.trim(), kind: 'cell', opens: false })
      }
      continue
    }
    if (/^\s*($|#+ |[-*+] |\d+\. |>|@\w)/.test(content) || (kind === 'string' && /^ {2}/.test(content))) end()
    if (block.length === 0) began = n
    if (content.trim() !== '') block.push(content.replace(/^\s*([-*+#>]+|\d+\.)\s+/, ''))
    if (/^#+ /.test(content)) end()
  }
  end()
  return result
}

/** Same lines, with `_` for inline code and URLs, and links without their targets. */
function withoutCode(text: string): string {
  return text
    .replaceAll(/(`+)(?!`)(?:(?!\n\s*\n).)*?[^`]\1(?!`)/gs, (code) => `_${'\n'.repeat(lineAt(code, code.length) - 1)}`)
    .replaceAll(/\]\([^)\s]*\)/g, ']')
    .replaceAll(/\b\w+:\/\/[^\s)>]*[^\s)>.,;:'"]/g, '_')
    .replaceAll(/\{@\w+ [^}]*\}/g, '_')
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, '')
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
