/** Tables of the documentation, as they follow from the source. */
import { type Settings, settings } from '../../src/config/settings.ts'
import { ERROR_CODES } from '../../src/errors.ts'
import { MOST_LIST_ITEMS } from '../../src/graphql/input-limits.ts'
import { BATCH_SIZE } from '../../src/graphql/range.ts'
import { MOST_REPRESENTATIONS } from '../../src/graphql/representations.ts'
import { MAX_LIST_ITEMS } from '../../src/plan/check-filter.ts'
import { MAX_DEPTH } from '../../src/plan/geometry/builder.ts'
import { MAX_SORT_KEYS } from '../../src/plan/order.ts'
import { INIT_TIMEOUT_MS, MOST_FRAME_BYTES_BEFORE_ACK } from '../../src/server/limits.ts'

export function errorTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, [meaning, retry, whatToDo]]) => [
    `\`${code}\``,
    meaning,
    whatToDo,
    retry ? 'yes' : 'no',
  ])
  return table([['code', 'meaning', 'what to do', 'retry'], ...rows])
}

const MACHINE = { workers: 2, threads: 2, memoryLimitBytes: 1e9, tempDirectory: '/tmp', tempDirectoryBytes: 1e9 }
const SETTINGS = settings(MACHINE)

/** Default and flag of a setting. */
function set(name: keyof Settings, unit = ''): readonly [string, string] {
  const { fallback, fallbackText, flag } = SETTINGS[name]
  const value = fallbackText ?? `${(fallback as number).toLocaleString('en')}${unit}`
  return [value, `\`${flag.split(' ')[0]}\``]
}
const fixed = (value: number, unit = ''): readonly [string, string] => [`${value.toLocaleString('en')}${unit}`, '']

export function limitTables(): readonly string[] {
  return [
    table([
      ['of an operation', 'most', 'flag', 'beyond it'],
      ['tokens of its text', ...set('maxTokens'), '`LIMIT_EXCEEDED`'],
      ['levels of fields, introspection aside', ...set('maxDepth'), '`LIMIT_EXCEEDED`'],
      ['aliases, through fragments', ...set('maxAliases'), '`LIMIT_EXCEEDED`'],
      ['root fields', ...set('maxRootFields'), '`LIMIT_EXCEEDED`'],
      ['items of a list in a variable', ...fixed(MOST_LIST_ITEMS), '`LIMIT_EXCEEDED`'],
      ['levels of a filter', ...set('maxFilterDepth'), '`LIMIT_EXCEEDED`'],
      ['filters in a filter', ...set('maxFilters'), '`LIMIT_EXCEEDED`'],
      ['items of all `in` lists of a filter', ...fixed(MAX_LIST_ITEMS), '`LIMIT_EXCEEDED`'],
      ['vertices of a geometry', ...set('maxVertices'), '`LIMIT_EXCEEDED`'],
      ['levels of a geometry', ...fixed(MAX_DEPTH), '`LIMIT_EXCEEDED`'],
      ['sort keys', ...fixed(MAX_SORT_KEYS), '`LIMIT_EXCEEDED`'],
      ['different pairs of `crs` and `simplify`', ...fixed(MOST_REPRESENTATIONS), '`LIMIT_EXCEEDED`'],
      ['`first`, features of a page', ...set('pageRows'), '`BAD_INPUT`'],
      ['`batchSize`, features of a batch', ...fixed(BATCH_SIZE[1]), '`BAD_INPUT`'],
    ]),
    table([
      ['of a connection', 'most', 'flag', 'beyond it'],
      ["a request's body", ...set('maxBodyBytes'), '413 and `LIMIT_EXCEEDED`'],
      ['a WebSocket message before `connection_ack`', ...fixed(MOST_FRAME_BYTES_BEFORE_ACK / 1024, ' KiB'), 'closed with 1009'],
      ['a WebSocket message', ...set('maxFrameBytes'), 'closed with 1009, and all of its operations with it'],
      ['time until `connection_init`', ...fixed(INIT_TIMEOUT_MS / 1_000, ' s'), 'closed with 4408'],
      ['operations of a WebSocket at a time', ...set('maxSocketOperations'), '`LIMIT_EXCEEDED`; the others go on'],
    ]),
    table([
      ['of what runs', 'most', 'flag', 'beyond it'],
      ['bytes of a page', ...set('pageBytes'), 'it ends early, with `hasNextPage`'],
      ['bytes of a batch', ...set('batchBytes'), 'it ends early'],
      ['engine time of a page, or of a stream without a batch', ...set('deadlineSeconds', ' s'), '`DEADLINE_EXCEEDED`'],
      ['time that a stream is left unread', ...set('stallSeconds', ' s'), '`SLOW_CONSUMER`, with the cursor'],
      ['operations that wait for a worker', ...set('queueLength'), '`OVERLOADED`, with `retryAfter`'],
      ['time that one waits for a worker', ...set('queueSeconds', ' s'), '`OVERLOADED`, with `retryAfter`'],
      ['memory of a worker', 'its share of the machine', '`--memory-limit`', 'the serial lane, then `OUT_OF_MEMORY`'],
      ['spilled by a worker', 'its share of the disk', '`--temp-limit`', 'the serial lane, then `OUT_OF_MEMORY`'],
    ]),
  ]
}

/** Columns as wide as their widest cell. */
function table([head, ...rows]: readonly (readonly string[])[]): string {
  const widths = head!.map((_, n) => Math.max(...[head!, ...rows].map((row) => row[n]!.length)))
  const line = (row: readonly string[]) => `| ${row.map((cell, n) => cell.padEnd(widths[n]!)).join(' | ')} |`
  return [line(head!), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n')
}
