/** The contract's scalars: what each takes, strictly, and how each is written. Their descriptions stand in the schema. */
import { GraphQLError, type GraphQLScalarTypeConfig, valueFromASTUntyped } from 'graphql'
import { LONGEST_CURSOR } from '../ask/cursor.ts'
import { RawJson } from '../delivery/raw-json.ts'

/** The members that the schema's own text leaves open. */
type Scalar = Required<Pick<GraphQLScalarTypeConfig<unknown, unknown>, 'serialize' | 'parseValue' | 'parseLiteral'>>

const JSON_VALUE = scalar((value) => value)

export const scalars: Readonly<Record<string, Scalar>> = {
  ArrowIPC: outputOnly('ArrowIPC', raw),
  BBox: scalar(toBBox),
  BigInt: scalar(toBigInt, (value) => BigInt(value as bigint | number).toString()),
  Cursor: scalar(toCursor),
  DateTime: outputOnly('DateTime', (value) => value),
  GeoJSON: outputOnly('GeoJSON', raw),
  Geometry: outputOnly('Geometry', (value) => value),
  JSON: JSON_VALUE,
}

function scalar(parse: (value: unknown) => unknown, serialize: (value: unknown) => unknown = (value) => value): Scalar {
  return { serialize, parseValue: parse, parseLiteral: (node, variables) => parse(valueFromASTUntyped(node, variables)) }
}

function outputOnly(name: string, serialize: (value: unknown) => unknown): Scalar {
  const refuse = () => {
    throw new GraphQLError(`${name} comes out only.`)
  }
  return { serialize, parseValue: refuse, parseLiteral: refuse }
}

function raw(value: unknown): RawJson {
  if (value instanceof RawJson) return value
  throw new Error('An encoded value was expected')
}

function toBBox(value: unknown): readonly number[] {
  if (Array.isArray(value) && value.length === 4 && value.every((side) => Number.isFinite(side))) return value
  throw new GraphQLError('A BBox is a list of four finite numbers: [west, south, east, north].')
}

function toBigInt(value: unknown): bigint {
  if (typeof value === 'string' && /^-?\d{1,80}$/.test(value)) return BigInt(value)
  if (Number.isSafeInteger(value)) return BigInt(value as number)
  throw new GraphQLError('A BigInt is a string of decimal digits, or an integer that a double holds.')
}

function toCursor(value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= LONGEST_CURSOR) return value
  throw new GraphQLError('A Cursor is a string that an earlier batch or page gave.')
}
