/** Comparisons of text without accents, case and composition, compared with Python's unicodedata. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collationKey } from '../../../src/engines/duckdb/dialect/comparison.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import type { Collation, PropertyFilter } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { refusal } from '../../support/plan/geometry.ts'
import { python } from '../../support/python.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-collate-'))
const seed = Math.floor(Math.random() * 2 ** 31)

/**
 * The key of a text, from unicodedata. Python folds case with more than one character per character ('ß' to 'ss') and knows no dotless i; the
 * schema says that neither is done here.
 */
const KEY = `
import json, random, re, sys, unicodedata as u
def fold(c):
    if c in 'İı': return 'i'
    return next((f for f in (c.casefold(), c.lower()) if len(f) == 1), c)
def key(text, collate):
    text = u.normalize('NFC', text.replace(chr(0), chr(1)))
    if 'NOACCENT' in collate:
        text = u.normalize('NFC', ''.join(c for c in u.normalize('NFD', text) if not u.category(c).startswith('M')))
    return ''.join(map(fold, text)) if 'NOCASE' in collate else text
`

/** Words in composed and decomposed form; comparisons with other spellings of them; and the rows for which each is true. */
const MAKE = `${KEY}
r = random.Random(int(sys.argv[1]))
names = ['Zürich', 'ZÜRICH', 'zurich', 'Łódź', 'łodz', 'São Tomé', 'sao tome', 'Åland', 'aland', 'İzmir', 'izmir', 'Izmir', 'ızmir', 'Straße', 'STRASSE',
  'STRAẞE', 'ΟΔΟΣ', 'οδος', 'οδός', 'Việt Nam', 'viet nam', 'Ærø', 'Đakovo', 'Ёлка', 'ЕЛКА', 'が', 'か', '서울', 'עִבְרִית', 'עברית', 'naïve_100%', 'NAIVE_100%', '', '\\u0301', 'e\\u0327\\u0301', 'e\\u0301\\u0327',
  'a\\u0000é', 'a', 'ﬁn', 'fin', 'K', 'ſ']
def spelled(text): return u.normalize(r.choice(['NFC', 'NFD']), r.choice([text, text, text.upper(), text.lower()]))
rows = [None if r.random() < .05 else spelled(r.choice(names)) for _ in range(400)]
collations = [['NFC'], ['NOACCENT'], ['NOCASE'], ['NOACCENT', 'NOCASE'], ['NFC', 'NOCASE']]
def pattern(text):
    return ''.join('\\\\' + c if c in '%_' else r.choice([c] * 8 + ['%', '_']) for c in text)
def matches(text, pattern):
    parts = [re.escape(p[1:]) if p.startswith('\\\\') else '.*' if p == '%' else '.' if p == '_' else re.escape(p) for p in re.findall(r'\\\\.|.', pattern, re.S)]
    return re.fullmatch(''.join(parts), text, re.S) is not None
tests = {'eq': lambda t, v: t == v, 'ne': lambda t, v: t != v, 'lt': lambda t, v: t < v, 'lte': lambda t, v: t <= v, 'gt': lambda t, v: t > v,
  'gte': lambda t, v: t >= v, 'startsWith': str.startswith, 'like': matches, 'in': lambda t, v: t in v, 'between': lambda t, v: v[0] <= t <= v[1]}
cases = []
for collate in collations:
    k = lambda text: key(text, collate)
    for member, test in tests.items():
        for _ in range(6):
            one = spelled(r.choice(names))
            value = {'startsWith': one[:r.randint(0, 4)], 'like': pattern(one), 'between': [one, spelled(r.choice(names))],
              'in': [spelled(r.choice(names)) for _ in range(r.choice([0, 1, 3, 40]))]}.get(member, one)
            given = [k(v) for v in value] if isinstance(value, list) else k(value)
            cases.append([{member: value, 'collate': collate}, [n for n, row in enumerate(rows) if row is not None and test(k(row), given)]])
print(json.dumps({'rows': rows, 'cases': cases}))
`

interface Made {
  readonly rows: readonly (string | null)[]
  readonly cases: readonly (readonly [tests: Omit<PropertyFilter, 'name'>, found: readonly number[]])[]
}

let engine: Engine
let made: Made
const layers = new Map<string, Layer>()

beforeAll(async () => {
  console.log(`collate seed ${seed}`)
  made = await python<Made>(MAKE, [String(seed)])
  engine = await Engine.open(1)
  await engine.sql('CREATE TABLE texts (n INTEGER, name VARCHAR, geom GEOMETRY)')
  for (const [n, name] of made.rows.entries()) await engine.sql('INSERT INTO texts VALUES ($1, $2, NULL)', [n, name])
  // In the order of the text, statistics of each row group say what binary comparisons could skip.
  const file = join(folder, 'texts.parquet')
  await engine.sql(`COPY (FROM texts ORDER BY name) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 20)`)
  await engine.sql(`CREATE TABLE inside AS SELECT n, geom, name, json_object('a', name)::JSON AS doc, {a: name} AS deep, MAP {'k': name} AS map,
    [name, 'x'] AS list FROM texts`)
  const labels = `SELECT DISTINCT name FROM texts WHERE name IS NOT NULL AND name <> ''`
  await engine.sql(`CREATE TYPE label AS ENUM (${labels})`)
  await engine.sql(`ALTER TABLE inside ADD COLUMN label label`)
  await engine.sql(`UPDATE inside SET label = nullif(name, '')::label`)
  layers.set('a table', await engine.table('texts'))
  layers.set('GeoParquet with statistics', await engine.parquet(file))
  layers.set('inside', await engine.table('inside'))
})
afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

async function numbersWhere(layer: Layer, property: PropertyFilter): Promise<number[]> {
  const plan = compileFeatures(queryOf(layer, { where: { property }, properties: ['n'] }))
  const found = await engine.rows(plan)
  return found.map((row) => Number(row[plan.layout.properties[0]!])).sort((a, b) => a - b)
}

describe('a comparison with `collate`', () => {
  it.each(['a table', 'GeoParquet with statistics'])('finds what unicodedata finds in %s', async (name) => {
    for (const [tests, found] of made.cases)
      expect(await numbersWhere(layers.get(name)!, { name: 'name', ...tests }), JSON.stringify(tests)).toEqual(found)
  })

  it('works inside JSON, structs, maps and lists, and on labels, as text', async () => {
    const inside = layers.get('inside')!
    for (const [tests, found] of made.cases) {
      for (const place of [
        { name: 'doc', path: ['a'] },
        { name: 'deep', path: ['a'] },
        { name: 'map', path: ['k'] },
      ])
        expect(await numbersWhere(inside, { ...place, ...tests }), JSON.stringify([place, tests])).toEqual(found)
      const labelled = found.filter((n) => made.rows[n] !== '')
      expect(await numbersWhere(inside, { name: 'label', ...tests }), JSON.stringify(tests)).toEqual(labelled)
      const { eq, collate } = tests
      if (eq === undefined || !collate) continue
      for (const member of [{ has: eq }, { hasAny: [eq, 'no such text'] }, { hasAll: ['X', eq] }]) {
        const all = 'hasAll' in member && !collate.includes('NOCASE') ? [] : found
        expect(await numbersWhere(inside, { name: 'list', ...member, collate }), JSON.stringify(member)).toEqual(all)
      }
    }
  })

  it('takes `ilike` with accents ignored, and `isNull` beside it', async () => {
    const table = layers.get('a table')!
    const zurich = made.rows.flatMap((row, n) => (/^Z(U|Ü|U\u0308)RICH$/i.test(row ?? '') ? [n] : []))
    expect(zurich.length).toBeGreaterThan(0)
    expect(await numbersWhere(table, { name: 'name', ilike: 'zür_CH', collate: ['NOACCENT'] })).toEqual(zurich)
    expect(await numbersWhere(table, { name: 'name', ilike: 'zür_CH', collate: ['NOACCENT'], isNull: true })).toEqual([])
  })

  it('has one meaning in every order, and another digest than without', () => {
    const digest = (collate: readonly Collation[]) =>
      queryOf(layers.get('a table')!, { where: { property: { name: 'name', eq: 'x', collate } } }).where!.digest
    expect(digest(['NOACCENT', 'NOCASE', 'NFC'])).toBe(digest(['NOCASE', 'NOACCENT', 'NOCASE']))
    expect(new Set([digest([]), digest(['NFC']), digest(['NOCASE']), digest(['NOACCENT'])]).size).toBe(4)
  })

  it.each<[PropertyFilter, string]>([
    [{ name: 'n', eq: 1, collate: ['NOCASE'] }, '`collate` of property "n" (INTEGER) is for comparisons of text'],
    [
      { name: 'doc', path: ['a'], eq: 1, collate: ['NOCASE'] },
      '`collate` of property "doc"."a" (JSON) is for comparisons of text',
    ],
    [{ name: 'name', collate: ['NOCASE'] }, 'Property "name" has no comparison'],
  ])('%j is refused', (property, reason) => {
    expect(refusal(() => queryOf(layers.get('inside')!, { where: { property } }))).toContain(`BAD_INPUT: ${reason}`)
  })
})

it('the key of every character is the one that unicodedata makes, if both know it', async () => {
  // Cherokee folds to upper case in Unicode and to lower case here, which makes the same texts equal.
  const program = `${KEY}
def known(n): return u.category(chr(n)) not in ('Cn', 'Cs', 'Co') and 'CHEROKEE' not in u.name(chr(n), '')
keys = {n: [key(chr(n), [c]) for c in ('NFC', 'NOACCENT', 'NOCASE')] for n in range(1, 0x20000) if known(n)}
print(json.dumps({'known': list(keys), 'keys': {n: of for n, of in keys.items() if of != [chr(n)] * 3}}))`
  const oracle = await python<{ known: readonly number[]; keys: Readonly<Record<string, readonly string[]>> }>(program)
  const keys = [
    { noAccent: false, noCase: false },
    { noAccent: true, noCase: false },
    { noAccent: false, noCase: true },
  ].map((collate) => collationKey('c', collate))
  const rows = await engine.sql(
    `SELECT n, ${keys.join(', ')} FROM (SELECT n, chr(n) AS c FROM (SELECT unnest(CAST(CAST($1 AS JSON) AS INTEGER[])) AS n))
      WHERE ${keys.map((key) => `${key} <> c`).join(' OR ')}`,
    [JSON.stringify(oracle.known)],
  )
  expect(rows.length).toBeGreaterThan(4_000)
  expect(Object.fromEntries(rows.map(([n, ...of]) => [String(n), of]))).toEqual(oracle.keys)
})
