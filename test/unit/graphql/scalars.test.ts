import { GraphQLError, Kind, parseValue } from 'graphql'
import { describe, expect, it } from 'vitest'
import { RawJson } from '../../../src/delivery/raw-json.ts'
import { scalars } from '../../../src/graphql/schema.ts'

const scalar = (name: string) => scalars[name]!
const both = (name: string, value: unknown) => {
  const literal = scalar(name).parseLiteral(parseValue(JSON.stringify(value)), undefined)
  expect(literal).toEqual(scalar(name).parseValue(value))
  return literal
}

describe('BBox', () => {
  it('is four finite numbers, in a variable and in the document', () => {
    expect(both('BBox', [-180, -90.5, 180, 90])).toEqual([-180, -90.5, 180, 90])
    expect(both('BBox', [179, -18, -179, -16])).toEqual([179, -18, -179, -16])
  })

  it.each([[[1, 2, 3]], [[1, 2, 3, 4, 5]], [[1, 2, 3, null]], [['1', '2', '3', '4']], ['1,2,3,4'], [{}], [7]])(
    'refuses %j and says what it takes',
    (value) => {
      expect(() => scalar('BBox').parseValue(value)).toThrow(
        'A BBox is a list of four finite numbers: [west, south, east, north].',
      )
      expect(() => scalar('BBox').parseLiteral(parseValue(JSON.stringify(value).replaceAll(/[{}]/g, '""')), undefined)).toThrow(
        GraphQLError,
      )
    },
  )

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (side) => {
    expect(() => scalar('BBox').parseValue([0, 0, 1, side])).toThrow(GraphQLError)
  })
})

describe('BigInt', () => {
  it('takes decimal digits of any size and integers that a double holds', () => {
    expect(scalar('BigInt').parseValue('-9223372036854775809')).toBe(-9223372036854775809n)
    expect(scalar('BigInt').parseValue(42)).toBe(42n)
    expect(scalar('BigInt').parseLiteral({ kind: Kind.INT, value: '42' }, undefined)).toBe(42n)
  })

  it.each([['1.5'], [1.5], [2 ** 60], ['0x10'], [''], [true], [null], ['1'.repeat(100)]])('refuses %j', (value) => {
    expect(() => scalar('BigInt').parseValue(value)).toThrow(GraphQLError)
  })

  it('comes out as a string', () => {
    expect(scalar('BigInt').serialize(2n ** 70n)).toBe('1180591620717411303424')
    expect(scalar('BigInt').serialize(12)).toBe('12')
  })
})

describe('Cursor', () => {
  it('is a string that is not empty', () => {
    expect(both('Cursor', 'abc')).toBe('abc')
    for (const value of ['', 5, null, ['abc'], 'x'.repeat(20_000)])
      expect(() => scalar('Cursor').parseValue(value)).toThrow(GraphQLError)
  })
})

describe('JSON', () => {
  it('is any value, with variables inside of a literal', () => {
    expect(both('JSON', [1, 'a', null, true])).toEqual([1, 'a', null, true])
    const literal = parseValue('{type: "Point", coordinates: $at}')
    expect(scalar('JSON').parseLiteral(literal, { at: [1, 2] })).toEqual({ type: 'Point', coordinates: [1, 2] })
  })
})

describe('encoded values', () => {
  it.each(['GeoJSON', 'ArrowIPC'])('%s passes through untouched and comes out only', (name) => {
    const raw = new RawJson(new Uint8Array())
    expect(scalar(name).serialize(raw)).toBe(raw)
    expect(() => scalar(name).serialize('text')).toThrow()
    expect(() => scalar(name).parseValue({})).toThrow(`${name} comes out only.`)
  })
})
