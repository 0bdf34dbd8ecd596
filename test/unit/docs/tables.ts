/** Tables of the documentation, as they follow from the source. */

import { maxHeaderSize } from 'node:http'
import { BATCH_SIZE, MOST_INPUT_VALUES, MOST_LIST_ITEMS } from '../../../src/ask/arguments.ts'
import { MAX_SORT_KEYS } from '../../../src/ask/feature-request.ts'
import { MOST_FIGURES } from '../../../src/ask/groups/group-columns.ts'
import { MOST_CONDITIONS, MOST_GROUP_KEYS, MOST_GROUP_TERMS } from '../../../src/ask/groups/read-groups.ts'
import { MAX_LIST_ITEMS, MAX_PIECES_IN_ALL } from '../../../src/ask/read/read-filter.ts'
import { MOST_REPRESENTATIONS } from '../../../src/ask/selection.ts'
import { type Settings, settings } from '../../../src/config/settings.ts'
import { MAX_DEPTH } from '../../../src/geometry/builder.ts'
import { MAX_PIECES } from '../../../src/geometry/distance/line-pieces.ts'
import { MOST_TYPED_LAYERS } from '../../../src/graphql/current-schema.ts'
import { MOST_LINES } from '../../../src/graphql/document.ts'
import { MOST_ANSWER_BYTES } from '../../../src/graphql/introspection/introspector.ts'
import { ERROR_CODES } from '../../../src/model/errors.ts'
import { TIMES } from '../../../src/server/http.ts'
import { MOST_LEVELS, mostJsonParts } from '../../../src/server/http-operation.ts'
import { INIT_TIMEOUT_MS, MOST_CONTROL_BYTES, MOST_FRAME_BYTES_BEFORE_ACK, MOST_ID_LENGTH } from '../../../src/server/limits.ts'

export function errorTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, [meaning, retry, whatToDo]]) => [
    `\`${code}\``,
    meaning,
    whatToDo,
    retry ? 'yes' : 'no',
  ])
  return table([['code', 'meaning', 'what to do', 'retry'], ...rows])
}

const MACHINE = {
  workers: 2,
  threads: 2,
  memoryLimitBytes: 1e9,
  tempDirectory: '/tmp',
  tempDirectoryBytes: 1e9,
  unreadBytes: 256e6,
  maxConnections: 4_096,
}
const SETTINGS = settings(MACHINE)

/** Default and flag of a setting. */
function set(name: keyof Settings, unit = ''): readonly [string, string] {
  const { fallback, fallbackText, flag } = SETTINGS[name]
  const value = fallbackText ?? `${(fallback as number).toLocaleString('en')}${unit}`
  return [value, `\`${flag.split(' ')[0]}\``]
}
const fixed = (value: number, unit = ''): readonly [string, string] => [`${value.toLocaleString('en')}${unit}`, '']

const jsonParts = () => [
  mostJsonParts({ maxVertices: SETTINGS.maxVertices.fallback }).toLocaleString('en'),
  set('maxVertices')[1],
]

export function limitTables(): readonly string[] {
  return [
    table([
      ['of an operation', 'most', 'flag', 'beyond it'],
      ['tokens of its text', ...set('maxTokens'), '`LIMIT_EXCEEDED`'],
      ['lines of its text', ...fixed(MOST_LINES), '`LIMIT_EXCEEDED`'],
      ['levels of fields, introspection aside', ...set('maxDepth'), '`LIMIT_EXCEEDED`'],
      ['aliases, through fragments', ...set('maxAliases'), '`LIMIT_EXCEEDED`'],
      ['root fields', ...set('maxRootFields'), '`LIMIT_EXCEEDED`'],
      ['layers whose own root fields or inputs it names', ...fixed(MOST_TYPED_LAYERS), '`LIMIT_EXCEEDED`'],
      ['answer to introspection', ...fixed(MOST_ANSWER_BYTES / 2 ** 20, ' MiB'), '`LIMIT_EXCEEDED`; use `geoduck schema`'],
      ['items of a list in a variable', ...fixed(MOST_LIST_ITEMS), '`LIMIT_EXCEEDED`'],
      ['values in its variables, JSON aside', ...fixed(MOST_INPUT_VALUES), '`LIMIT_EXCEEDED`'],
      ['levels of a filter', ...set('maxFilterDepth'), '`LIMIT_EXCEEDED`'],
      ['filters in a filter', ...set('maxFilters'), '`LIMIT_EXCEEDED`'],
      ['items of all `in` lists of its filters', ...fixed(MAX_LIST_ITEMS), '`LIMIT_EXCEEDED`'],
      ['vertices of all geometries in its filters', ...set('maxVertices'), '`LIMIT_EXCEEDED`'],
      ['parts of 200 km of one `dWithin`', ...fixed(MAX_PIECES), '`LIMIT_EXCEEDED`'],
      ['parts of 200 km of all `dWithin` in its filters', ...fixed(MAX_PIECES_IN_ALL), '`LIMIT_EXCEEDED`'],
      ['levels of a geometry', ...fixed(MAX_DEPTH), '`LIMIT_EXCEEDED`'],
      ['sort keys', ...fixed(MAX_SORT_KEYS), '`LIMIT_EXCEEDED`'],
      ['`groupBy` and `time` keys of groups', ...fixed(MOST_GROUP_KEYS), '`LIMIT_EXCEEDED`'],
      ['terms of the order of groups', ...fixed(MOST_GROUP_TERMS), '`LIMIT_EXCEEDED`'],
      ['conditions of `having`', ...fixed(MOST_CONDITIONS), '`LIMIT_EXCEEDED`'],
      ['figures of a group', ...fixed(MOST_FIGURES), '`LIMIT_EXCEEDED`'],
      ['vertices of features of a `union` or `convexHull`', ...set('maxAggregateVertices'), '`BAD_INPUT`'],
      ['different pairs of `crs` and `simplify`', ...fixed(MOST_REPRESENTATIONS), '`LIMIT_EXCEEDED`'],
      ['`first`, features of a page', ...set('pageRows'), '`BAD_INPUT`'],
      ['`batchSize`, features of a batch', ...fixed(BATCH_SIZE[1]), '`BAD_INPUT`'],
    ]),
    table([
      ['of a connection', 'most', 'flag', 'beyond it'],
      ["a request's body", ...set('maxBodyBytes'), '413 and `LIMIT_EXCEEDED`'],
      ['the URL and the headers of a request', ...fixed(maxHeaderSize / 1024, ' KiB'), '431 and `LIMIT_EXCEEDED`'],
      ['levels of JSON', ...fixed(MOST_LEVELS), '413 over HTTP, and `LIMIT_EXCEEDED`'],
      ['lists, objects and members of objects in JSON', ...jsonParts(), '413 over HTTP, and `LIMIT_EXCEEDED`'],
      ['a WebSocket message before `connection_ack`', ...fixed(MOST_FRAME_BYTES_BEFORE_ACK / 1024, ' KiB'), 'closed with 1009'],
      ["a client's WebSocket message", ...set('maxMessageBytes'), 'closed with 1009, and all of its operations with it'],
      ['time until `connection_init`', ...fixed(INIT_TIMEOUT_MS / 1_000, ' s'), 'closed with 4408'],
      ['operations of a WebSocket at a time', ...set('maxSocketOperations'), '`LIMIT_EXCEEDED`; the others continue'],
      ["characters of an operation's id over a WebSocket", ...fixed(MOST_ID_LENGTH), 'closed with 4400'],
      ['a `ping`, `pong` or `complete` message', ...fixed(MOST_CONTROL_BYTES / 1024, ' KiB'), 'closed with 4400'],
      ["time until a request's head has arrived", ...fixed(TIMES.headersTimeout / 1_000, ' s'), '408'],
      [
        'time until a request, or a WebSocket message, has arrived',
        ...fixed(TIMES.requestTimeout / 1_000, ' s'),
        '408, or cut off',
      ],
      ['time that nothing of a response is read', ...set('stallSeconds', ' s'), 'cut off 5 s later'],
      ['connections of one address at a time', ...set('maxConnections'), '503 and `OVERLOADED`'],
      ['results and requests in memory, of all clients', ...set('unreadBytes'), 'they wait, then `OVERLOADED`'],
      ['persisted queries that are kept, of all clients', ...set('persistedQueries'), 'the longest unused is dropped'],
      ['results that are kept, of all clients', ...set('pageCacheBytes'), 'the longest unused is dropped'],
      ['tiles that are kept on disk, of all clients', ...set('tileCacheBytes'), 'the longest unused is dropped'],
    ]),
    table([
      ['of what runs', 'most', 'flag', 'beyond it'],
      ['bytes of a page', ...set('pageBytes'), 'it ends early, with `hasNextPage`'],
      ['bytes of a message with features', ...set('maxFrameBytes'), 'its batch or page ends early'],
      ['bytes of a message with one feature', ...set('maxFeatureBytes'), '`LIMIT_EXCEEDED`, with the cursor'],
      ['time of a whole query, or of a stream without a batch', ...set('deadlineSeconds', ' s'), '`DEADLINE_EXCEEDED`'],
      ['time that a stream is left unread', ...set('stallSeconds', ' s'), '`SLOW_CONSUMER`, with the cursor'],
      ['operations that wait for a worker, of all clients', ...set('queueLength'), '`OVERLOADED`, with `retryAfter`'],
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
