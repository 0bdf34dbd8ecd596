/** Another engine in the configuration file, which gathers the rows of layers. */
import { z } from 'zod'
import { isObject } from '../model/remote-source.ts'
import { sparkAddress } from '../model/spark-address.ts'
import { LAYER_MEMBERS, type LayerConfig, type Member, type MemberFault, schemaOf } from './layer-config.ts'
import { isSet, SECRET_TAKES, secret } from './store-config.ts'
import { size, wholeNumber } from './values.ts'

const sizeOfSet = size('1MB')
const [rows, seconds, gatherings] = [wholeNumber(1, 1_000_000_000), wholeNumber(1, 604_800), wholeNumber(1, 64)]

export const ENGINE_MEMBERS = {
  name: {
    takes: 'letters, digits, _ and -, and a name that no other engine has',
    description: 'The name of the engine, which layers use.',
    schema: z.string().regex(/^[A-Za-z_][\w-]*$/),
  },
  kind: {
    takes: 'spark-connect',
    description: 'The kind of the engine: the Connect server of Apache Spark 4.0 or newer.',
    schema: z.literal('spark-connect'),
  },
  url: {
    takes: 'sc://HOST:PORT, and beyond this machine sc://HOST:PORT/;use_ssl=true; a token is the member `token`',
    description: 'The address of its Spark Connect server. TLS is required beyond this machine.',
    schema: z.string().refine((url) => sparkAddress(url) !== null),
  },
  token: {
    takes: SECRET_TAKES,
    description: 'The environment variable with the token that the engine requires (Authorization: Bearer), as $NAME.',
    schema: secret.optional(),
  },
  resultSets: {
    takes: 'a folder that the engine and this server see under the same path',
    description: "The folder for gathered rows; relative to the configuration file's folder. Several servers may share it.",
    schema: z.string().min(1),
  },
  maxRows: {
    takes: rows.takes,
    description: 'Most rows that are gathered for a query.',
    schema: rows.json.default(10_000_000),
  },
  maxBytes: {
    takes: sizeOfSet.takes,
    description: 'Most bytes that are gathered for a query.',
    schema: sizeOfSet.json.default(2e9),
  },
  keepSeconds: {
    takes: seconds.takes,
    description: 'Seconds that gathered rows are kept after their last use, for the same question.',
    schema: seconds.json.default(600),
  },
  concurrency: {
    takes: gatherings.takes,
    description: 'Most gatherings at a time. Further ones wait.',
    schema: gatherings.json.default(2),
  },
} as const satisfies Record<string, Member>

export const engineSchema = schemaOf(ENGINE_MEMBERS)

/** An engine as written in the file. `resultSets` is absolute after the file has been read. */
export type EngineConfig = Readonly<z.infer<typeof engineSchema>>

/** Returns the faults that several members together show, or the environment. */
export function engineFaults(engines: readonly EngineConfig[], layers: readonly LayerConfig[]): MemberFault[] {
  const ofEngines = engines.flatMap(({ name, url, token }, index) => {
    const fault = (member: keyof typeof ENGINE_MEMBERS, takes: string = ENGINE_MEMBERS[member].takes) => ({
      path: ['engines', index, member],
      takes,
    })
    const { isLoopback, isEncrypted } = sparkAddress(url)!
    return [
      ...(engines.findIndex((other) => other.name === name) < index ? [fault('name')] : []),
      ...(isLoopback || isEncrypted ? [] : [fault('url', `TLS beyond this machine: sc://HOST:PORT/;use_ssl=true`)]),
      ...(isSet(token) ? [] : [fault('token')]),
    ]
  })
  const known = engines.map(({ name }) => name)
  return [...ofEngines, ...layers.flatMap((layer, index) => faultsOfGathered(layer, index, known))]
}

/** The name of a table of an engine: its catalog, its database, and its own. */
const TABLE = /^[\p{L}\p{M}\p{N}_-]+(?:\.[\p{L}\p{M}\p{N}_-]+){2,}$/u

/** Returns the faults of a layer whose rows an engine gathers. */
function faultsOfGathered(layer: LayerConfig, index: number, known: readonly string[]): MemberFault[] {
  const { engine, path, key, table, geometry, onInvalid = 'flag', fields = {} } = layer
  const isTable = engine !== undefined && table !== undefined
  const always: readonly Fault[] = [[geometry !== undefined && !isTable, 'geometry', 'nothing without an `engine` and a `table`']]
  const gathered: readonly Fault[] = [
    [!known.includes(engine!), 'engine', LAYER_MEMBERS.engine.takes],
    [isObject(path ?? ''), 'path', 'a path that this machine and the engine of the layer both see'],
    [isTable === (path !== undefined), isTable ? 'table' : 'path', 'either `path` or `table`, for a layer with an `engine`'],
    [
      isTable && path === undefined && !TABLE.test(table),
      'table',
      'CATALOG.DATABASE.TABLE of letters, digits, _ and -, for a layer with an `engine`',
    ],
    [key === undefined, 'key', 'the name of a column that is unique and never null, which a layer with an `engine` needs'],
    [onInvalid !== 'flag', 'onInvalid', 'only flag for a layer with an `engine`, whose geometry is not checked'],
    [Object.values(fields).some((field) => field.enum), 'fields', 'no `enum` for a layer with an `engine`: leave it out'],
  ]
  return [...always, ...(engine === undefined ? [] : gathered)].flatMap(([isWrong, member, takes]) =>
    isWrong ? [{ path: ['layers', index, member], takes }] : [],
  )
}

type Fault = readonly [isWrong: boolean, member: keyof LayerConfig, takes: string]
