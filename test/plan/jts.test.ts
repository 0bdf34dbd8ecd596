import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Layer } from '../../src/catalog/layer.ts'
import { compileFeatures } from '../../src/plan/compile.ts'
import { SHARED } from '../support/environment.ts'
import { Engine, queryOf } from './support/engine.ts'

const FILES = ['AA', 'LA', 'LL', 'PA', 'PL', 'PP'].map((pair) => `TestRelate${pair}.xml`)

interface Case {
  readonly description: string
  readonly a: string
  readonly b: string
  readonly intersects: boolean
  readonly within: boolean
}

function casesOf(file: string): Case[] {
  const xml = readFileSync(join(SHARED, 'jts', file), 'utf8')
  return [...xml.matchAll(/<case>([\s\S]*?)<\/case>/g)].flatMap(([, body = '']) => {
    const part = (name: string) => new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(body)?.[1]?.trim() ?? ''
    const says = (operation: string) => new RegExp(`name="${operation}"[^>]*>\\s*(true|false)`).exec(body)?.[1]
    const [a, b, intersects, within] = [part('a'), part('b'), says('intersects'), says('within')]
    if (!intersects || !within) return []
    return [{ description: part('desc'), a, b, intersects: intersects === 'true', within: within === 'true' }]
  })
}

/** Notation that is no well-known text of Simple Features. */
const foreign = ({ a, b }: Case) => /LINEARRING|NaN|Inf/i.test(`${a}${b}`)

let engine: Engine

beforeAll(async () => {
  engine = await Engine.open(1)
})

afterAll(() => engine.close())

describe.each(FILES)('the reference cases of %s', (file) => {
  it('hold as features filtered by `intersects` and `within`', async () => {
    const cases = casesOf(file).filter((it) => !foreign(it))
    expect(cases.length).toBeGreaterThan(10)
    await engine.sql('CREATE OR REPLACE TABLE cases (n INTEGER, geom GEOMETRY)')
    for (const [n, { a }] of cases.entries()) await engine.sql('INSERT INTO cases SELECT $1, ST_GeomFromText($2)', [n, a])
    const layer: Layer = await engine.table('cases', { crs: null })
    const wrong: string[] = []
    for (const [n, { description, b, ...expected }] of cases.entries()) {
      for (const member of ['intersects', 'within'] as const) {
        const where = { property: { name: 'n', eq: n }, [member]: { wkt: b } }
        const holds = (await engine.rows(compileFeatures(queryOf(layer, { where })))).length === 1
        if (holds !== expected[member]) wrong.push(`${member}: ${description}`)
      }
    }
    expect(wrong).toEqual([])
  })
})
