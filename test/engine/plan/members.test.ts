/** Property filters for text, lists, and members of structs, maps and JSON. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import type { PropertyFilter } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { refusal } from '../../support/plan/geometry.ts'
import { Random } from '../../support/random.ts'

let engine: Engine
let layer: Layer

beforeAll(async () => {
  engine = await Engine.open(1)
  await engine.sql(`CREATE TABLE things AS SELECT * FROM (VALUES
    (0, 'Berlin', [1, 2, 3], ['red', 'blue'], {a: {b: 5}, "b.c": 'x'}, MAP {'k': 1.5, 'it''s': 2}, '{"a": {"b": [7, "x"]}, "n": 1, "t": true, "s~/": "y"}', 'zulu'),
    (1, 'Bern', [], ['red'], {a: {b: NULL}, "b.c": 'y'}, MAP {}, '{"a": null, "n": "1", "t": "true"}', 'mike'),
    (2, 'bergen', [3, NULL], NULL, {a: NULL, "b.c": NULL}, NULL, '{"n": 2.5, "t": false}', 'zulu'),
    (3, NULL, NULL, ['blue', 'green'], NULL, MAP {'k': NULL}, NULL, NULL),
    (4, '100%_\\', [2], [''], {a: {b: 6}, "b.c": ''}, MAP {'k': 3}, '[10, 20]', 'mike'))
    AS t(n, name, numbers, colours, deep, byname, doc, label)`)
  await engine.sql(`ALTER TABLE things ALTER byname TYPE MAP(VARCHAR, DOUBLE)`)
  await engine.sql(`ALTER TABLE things ALTER doc TYPE JSON`)
  await engine.sql(`ALTER TABLE things ALTER label TYPE ENUM('zulu', 'mike')`)
  await engine.sql(`ALTER TABLE things ADD COLUMN labels ENUM('zulu', 'mike')[]`)
  await engine.sql(`UPDATE things SET labels = [label, label]`)
  await engine.sql(`ALTER TABLE things ADD COLUMN pair INTEGER[2]`)
  await engine.sql(`UPDATE things SET pair = [n, n + 1]`)
  await engine.sql(`ALTER TABLE things ADD COLUMN geom GEOMETRY`)
  layer = await engine.table('things')
})
afterAll(() => engine.close())

async function numbersWhere(property: PropertyFilter): Promise<number[]> {
  const plan = compileFeatures(queryOf(layer, { where: { property }, properties: ['n'] }))
  return (await engine.rows(plan)).map((row) => Number(row[plan.layout.properties[0]!]))
}

describe('a property filter', () => {
  it.each<[PropertyFilter, number[]]>([
    [{ name: 'name', like: 'Ber%' }, [0, 1]],
    [{ name: 'name', like: '%' }, [0, 1, 2, 4]],
    [{ name: 'name', like: '_er_' }, [1]],
    [{ name: 'name', like: '100\\%\\_\\\\' }, [4]],
    [{ name: 'name', like: '100%\\' + '\\' }, [4]],
    [{ name: 'name', like: 'ber%' }, [2]],
    [{ name: 'name', ilike: 'BER%n' }, [0, 1, 2]],
    [{ name: 'name', ilike: 'b.r%' }, []],
    [{ name: 'name', startsWith: 'Ber' }, [0, 1]],
    [{ name: 'name', startsWith: '100%' }, [4]],
    [{ name: 'name', startsWith: '' }, [0, 1, 2, 4]],
    [{ name: 'label', like: 'z%' }, [0, 2]],
    [{ name: 'n', between: [1, 3] }, [1, 2, 3]],
    [{ name: 'n', between: [0.5, 3.5] }, [1, 2, 3]],
    [{ name: 'n', between: [3, 1] }, []],
    [{ name: 'name', between: ['B', 'Berm'] }, [0]],
    [{ name: 'numbers', has: 3 }, [0, 2]],
    [{ name: 'numbers', has: 2.5 }, []],
    [{ name: 'numbers', hasAny: [1, 2.5, 2] }, [0, 4]],
    [{ name: 'numbers', hasAny: [] }, []],
    [{ name: 'numbers', hasAll: [1, 3] }, [0]],
    [{ name: 'numbers', hasAll: [] }, [0, 1, 2, 4]],
    [{ name: 'colours', hasAny: ['green', 'red'] }, [0, 1, 3]],
    [{ name: 'colours', has: '' }, [4]],
    [{ name: 'labels', has: 'zulu' }, [0, 2]],
    [{ name: 'labels', hasAny: ['mike'] }, [1, 4]],
    [{ name: 'pair', has: 2 }, [1, 2]],
    [{ name: 'doc', path: ['a', 'b'], has: 7 }, [0]],
    [{ name: 'doc', path: ['a', 'b'], has: 'x' }, [0]],
    [{ name: 'doc', path: ['a', 'b'], has: '7' }, []],
    [{ name: 'doc', path: ['a', 'b'], hasAny: ['y', 'x'] }, [0]],
    [{ name: 'doc', path: ['a', 'b'], hasAll: ['y', 'x'] }, []],
    [{ name: 'doc', has: 20 }, [4]],
    [{ name: 'doc', hasAll: [20, 10, 20] }, [4]],
    [{ name: 'doc', hasAll: [20, 1e300] }, []],
    [{ name: 'doc', hasAny: [] }, []],
    [{ name: 'doc', hasAll: [] }, [4]],
    [{ name: 'doc', path: ['t'], has: true }, []],
    [{ name: 'deep', path: ['a', 'b'], gte: 5 }, [0, 4]],
    [{ name: 'deep', path: ['a', 'b'], isNull: true }, [1, 2, 3]],
    [{ name: 'deep', path: ['b.c'], in: ['x', 'y'] }, [0, 1]],
    [{ name: 'deep', path: ['b.c'], ilike: 'X' }, [0]],
    [{ name: 'byname', path: ['k'], gt: 1 }, [0, 4]],
    [{ name: 'byname', path: ["it's"], eq: 2 }, [0]],
    [{ name: 'doc', path: ['n'], eq: 1 }, [0]],
    [{ name: 'doc', path: ['n'], eq: '1' }, [1]],
    [{ name: 'doc', path: ['n'], ne: 1 }, [2]],
    [{ name: 'doc', path: ['n'], between: [1, 3] }, [0, 2]],
    [{ name: 'doc', path: ['t'], eq: true }, [0]],
    [{ name: 'doc', path: ['t'], in: [true, false] }, [0, 2]],
    [{ name: 'doc', path: ['a', 'b', '0'], eq: 7 }, [0]],
    [{ name: 'doc', path: ['a', 'b', '1'], startsWith: 'x' }, [0]],
    [{ name: 'doc', path: ['s~/'], eq: 'y' }, [0]],
    [{ name: 'doc', path: ['a'], isNull: true }, [1, 2, 3, 4]],
    [{ name: 'doc', path: ['1'], eq: 20 }, [4]],
    [{ name: 'doc', path: [], isNull: true }, [3]],
  ])('%j finds %j', async (property, expected) => {
    expect(await numbersWhere(property)).toEqual(expected)
  })

  it('of an array in JSON is false for missing elements, and null for other values', async () => {
    const where = (more: object) => ({ not: { property: { name: 'doc', ...more } } })
    const plan = (filter: object) => compileFeatures(queryOf(layer, { where: where(filter), properties: ['n'] }))
    expect((await engine.rows(plan({ has: 1 }))).length).toBe(1)
    expect((await engine.rows(plan({ has: 10 }))).length).toBe(0)
  })

  it('of text agrees with a brute-force matcher for every pattern', async () => {
    const random = new Random()
    const text = (letters: readonly string[]) => random.list(random.integer(7), () => random.pick(letters)).join('')
    for (let n = 0; n < 60; n++) {
      const letters = ['a', 'A', 'b', 'ä', 'Ä', '\n', '.', '*', '[', '\u{1F986}', '\\', '%', '_']
      const texts = random.list(30, () => text(letters))
      const pattern = text([...letters, '%', '_', '%']).replace(/(?<!\\)(\\\\)*\\$/, '$1')
      await engine.sql('CREATE OR REPLACE TABLE texts (name VARCHAR, geom GEOMETRY)')
      for (const one of texts) await engine.sql('INSERT INTO texts VALUES ($1, NULL)', [one])
      const on = await engine.table('texts')
      for (const member of ['like', 'ilike'] as const) {
        const where = { property: { name: 'name', [member]: pattern } }
        const found = (await engine.features(queryOf(on, { where, properties: ['name'] }))).map(
          ({ properties }) => properties['name'],
        )
        const fold = (it: string) => (member === 'ilike' ? it.toLowerCase() : it)
        expect(found, JSON.stringify(where)).toEqual(texts.filter((one) => fits([...fold(one)], tokens(fold(pattern)))))
      }
    }
  })

  it('of text takes time by its length, not by the ways to try', async () => {
    await engine.sql(`CREATE OR REPLACE TABLE texts AS SELECT repeat('a', 300) AS name, NULL::GEOMETRY AS geom FROM range(1000)`)
    const on = await engine.table('texts')
    for (const property of [
      { name: 'name', like: `${'%a'.repeat(400)}_b` },
      { name: 'name', ilike: `${'%_a'.repeat(300)}b` },
      { name: 'name', like: `${'%a'.repeat(400)}b` },
    ])
      expect(await engine.rows(compileFeatures(queryOf(on, { where: { property } })))).toEqual([])
  })
})

type Token = { readonly any: true } | { readonly one: true } | { readonly is: string }

function tokens(pattern: string): Token[] {
  return [...pattern.matchAll(/\\([\s\S])|[\s\S]/gu)].map(([whole, escaped]) =>
    escaped !== undefined ? { is: escaped } : whole === '%' ? { any: true } : whole === '_' ? { one: true } : { is: whole },
  )
}

function fits(text: readonly string[], pattern: readonly Token[]): boolean {
  const [token, ...rest] = pattern
  if (!token) return text.length === 0
  if ('any' in token) return text.some((_, n) => fits(text.slice(n), rest)) || fits([], rest)
  return text.length > 0 && ('one' in token || text[0] === token.is) && fits(text.slice(1), rest)
}

describe('a property filter that is refused says what it takes:', () => {
  it.each<[PropertyFilter, string]>([
    [{ name: 'nam', eq: 'x' }, 'has no property "nam"; near: "name"'],
    [{ name: 'name', like: 'x\\' }, 'the pattern ends in a backslash'],
    [{ name: 'n', like: 'x' }, '`like` of property "n" (INTEGER) is for properties that are text'],
    [{ name: 'n', startsWith: 'x' }, '`startsWith` of property "n"'],
    [{ name: 'n', between: [1] }, '`between` of property "n" takes two values'],
    [{ name: 'n', between: [1, 'x'] }, '`between` of property "n" (INTEGER) takes a number, not "x"'],
    [{ name: 'n', has: 1 }, 'property "n" is INTEGER, no list'],
    [{ name: 'numbers', has: 'x' }, '`has` of property "numbers" (INTEGER[]) takes a number, not "x"'],
    [
      { name: 'numbers', has: null },
      '`has` of property "numbers" is null: ask `isNull: true` for features without a value, or leave `has` out.',
    ],
    [{ name: 'doc', has: {} }, '`has` of property "doc", which is JSON, takes strings, numbers or booleans, not an object'],
    [{ name: 'n' }, 'Property "n" has no comparison: give one, such as `eq` or `isNull`, or leave the property out.'],
    [{ name: 'deep', path: ['a', 'b'] }, 'Property "deep"."a"."b" has no comparison'],
    [{ name: 'doc', hasAny: [1, 'x'] }, 'takes a number, as the others of its list, not "x"'],
    [{ name: 'numbers', eq: 1 }, 'only `has`, `hasAny`, `hasAll` and `isNull` can be asked of it'],
    [{ name: 'n', path: ['x'], eq: 1 }, 'Property "n" is INTEGER, which has no members'],
    [{ name: 'deep', path: ['a', 'B'], eq: 1 }, 'Property "deep"."a" has no member "B"; near: "b"'],
    [{ name: 'deep', path: ['a', 'b'], eq: 'x' }, '`eq` of property "deep"."a"."b" (int32) takes a number, not "x"'],
    [
      { name: 'doc', path: ['n'], in: [1, 'x'] },
      '`in` of property "doc"."n" (JSON) takes a number, as the others of its list, not "x"',
    ],
    [{ name: 'doc', path: ['n'], eq: [] }, 'is JSON: it is compared with a string, number or boolean, not a list'],
  ])('%j', (property, reason) => {
    const refused = refusal(() => compileFeatures(queryOf(layer, { where: { property } })))
    expect(refused).toMatch(/^BAD_INPUT/)
    expect(refused).toContain(reason)
  })

  it('errors name their limits', () => {
    const refused = (property: PropertyFilter) => refusal(() => compileFeatures(queryOf(layer, { where: { property } })))
    expect(refused({ name: 'name', like: 'x'.repeat(1_001) })).toMatch(/^LIMIT_EXCEEDED: .*at most 1000 characters/)
    expect(refused({ name: 'doc', path: Array.from({ length: 17 }, () => 'a'), eq: 1 })).toMatch(/^LIMIT_EXCEEDED: `path`/)
    expect(refused({ name: 'numbers', hasAny: Array.from({ length: 10_001 }, () => 1) })).toMatch(
      /^LIMIT_EXCEEDED: .*10000 items/,
    )
  })
})
