/**
 * Describes the faults of a configuration file for its author: the line, the member, what it accepts, and what may have been
 * meant.
 */
import { type Document, isMap, isNode, isScalar, isSeq, type LineCounter, type Scalar, type YAMLSeq } from 'yaml'
import { nearNames } from '../../model/near-names.ts'
import { ENGINE_MEMBERS } from '../engine-config.ts'
import { LAYER_MEMBERS } from '../layer-config.ts'
import type { Setting, Settings } from '../settings.ts'
import { STORE_MEMBERS } from '../store-config.ts'
import { SOURCES_TAKE } from './schema.ts'

/** An issue of zod. */
export interface ConfigIssue {
  readonly path: readonly PropertyKey[]
  /** The accepted values. @default those of the member */
  readonly takes?: string
  /** Names of unknown members. */
  readonly keys?: readonly string[]
}

interface IssueLocation {
  readonly document: Document
  readonly lines: LineCounter
  readonly table: Settings
}

const LONGEST_VALUE = 60

/** Returns one line of text per wrong member, in the order of the file. */
export function describeIssues(faults: readonly ConfigIssue[], place: IssueLocation): string[] {
  const told = faults.flatMap(({ path, keys, takes }) =>
    keys ? keys.map((key) => tellUnknown(path, key, place)) : [tellWrong(path, place, takes)],
  )
  const unique = new Map(told.map((fault) => [`${fault.line} ${fault.text}`, fault]))
  return [...unique.values()].sort((a, b) => a.line - b.line).map(({ line, text }) => `line ${line}: ${text}`)
}

interface DescribedIssue {
  readonly line: number
  readonly text: string
}

function tellUnknown(path: readonly PropertyKey[], key: string, place: IssueLocation): DescribedIssue {
  const names = path.length === 0 ? ['sources', ...Object.keys(LISTS), ...Object.keys(place.table)] : memberNames(path)
  const spelled = Object.entries<Setting>(place.table).find(([, { flag }]) => path.length === 0 && flag.startsWith(`--${key} `))
  const shown = withoutValue(key)
  const near = spelled ? [spelled[0]] : nearNames(shown.replaceAll(/[-_]/g, ''), names)
  const hint = near.length > 0 ? `; near: ${near.map((name) => `\`${name}\``).join(', ')}` : `; known: ${names.join(', ')}`
  return {
    line: lineOfKey(path, key, place),
    text: `\`${nameOf([...path, shown === key ? key : `${shown}…`])}\` is not known${hint}`,
  }
}

function tellWrong(path: readonly PropertyKey[], place: IssueLocation, takesInstead?: string): DescribedIssue {
  const member = path.slice(0, String(path[0]) in LISTS ? 3 : 1)
  const node = place.document.getIn(member, true)
  const takes = takesInstead ?? takesOf(member, place.table)
  const name = member.length === 0 ? 'it' : `\`${nameOf(member)}\``
  const line = lineOf(path, place)
  if (member.length > 0 && !isNode(node)) return { line, text: `${name} is missing: it takes ${takes}` }
  // Stores and engines have secrets, and their addresses may hold one.
  const hasSecrets = path[0] === 'stores' || path[0] === 'engines'
  const isSecret = hasSecrets || (place.table as Readonly<Record<string, Setting>>)[String(path[0])]?.isSecret === true
  if (isSecret && !hasSecrets && isScalar(node) && typeof node.value === 'number')
    return { line, text: `${name} takes ${takes}: write a number in quotes` }
  // The whole file, as a text, may be `token:` with its value.
  const isShown = !isSecret && member.length > 0 && isPlain(node)
  const value = isShown ? `, not ${shortened(JSON.stringify(node.toJS(place.document)))}` : ''
  return { line, text: `${name} takes ${takes}${value}` }
}

/** Removes the value of `{token:value}`, which YAML reads as one name. */
function withoutValue(key: string): string {
  return /^[\w-]+(?=[^\w-])/.exec(key)?.[0] ?? key
}

/** Other values are not shown: a member of them may be a secret in the wrong place. */
function isPlain(node: unknown): node is Scalar | YAMLSeq<Scalar> {
  return isScalar(node) || (isSeq(node) && node.items.every(isScalar))
}

function takesOf(member: readonly PropertyKey[], table: Settings): string {
  const [first, , third] = member.map(String)
  if (first === undefined) return 'settings by name, `sources`, `layers`, `stores` and `engines`'
  if (first === 'sources') return SOURCES_TAKE
  const list = LISTS[first]
  if (list) return third === undefined ? list.takes : (list.members[third]?.takes ?? 'text')
  return (table as Readonly<Record<string, Setting>>)[first]?.value.takes ?? 'text'
}

/** Lists of members that are no settings. */
const LISTS: Readonly<
  Record<string, { readonly takes: string; readonly members: Readonly<Record<string, { readonly takes: string }>> }>
> = {
  layers: { takes: 'a list of layers, each with a name and a path', members: LAYER_MEMBERS },
  stores: { takes: 'a list of stores, each with a url', members: STORE_MEMBERS },
  engines: { takes: 'a list of engines, each with a name, kind, url and resultSets', members: ENGINE_MEMBERS },
}

function memberNames(path: readonly PropertyKey[]): string[] {
  if (path[0] === 'sources') return ['path', 'mirror']
  if (path.length <= 2) return Object.keys(LISTS[String(path[0])]?.members ?? {})
  return path[2] === 'fields' ? ['graphqlName', 'description', 'enum'] : ['include', 'exclude']
}

/** Returns a path such as `layers[0].columns`. */
function nameOf(path: readonly PropertyKey[]): string {
  return path.map((key, n) => (typeof key === 'number' ? `[${key}]` : `${n === 0 ? '' : '.'}${String(key)}`)).join('')
}

function lineOfKey(path: readonly PropertyKey[], key: string, { document, lines }: IssueLocation): number {
  const map = path.length === 0 ? document.contents : document.getIn(path, true)
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined
  return isNode(pair?.key) && pair.key.range ? lines.linePos(pair.key.range[0]).line : 1
}

/** Returns the position of the deepest member of the path that exists. */
function lineOf(path: readonly PropertyKey[], { document, lines }: IssueLocation): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}

function shortened(text: string): string {
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text
}
