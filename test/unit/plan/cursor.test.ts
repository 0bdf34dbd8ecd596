import { describe, expect, it } from 'vitest'
import { type CursorSubject, decodeCursor, encodeCursor, LONGEST_CURSOR } from '../../../src/ask/cursor.ts'
import { MAX_SORT_KEYS } from '../../../src/ask/feature-request.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { type Asked, queryOf } from '../../support/filter.ts'
import { refusal } from '../../support/plan/geometry.ts'

const SECRET = 'a secret that two servers share'
const POSITION = { keys: ['ä "quoted" \n', null, '7'] }

const COLUMN = { name: 'a', type: { kind: 'int', bits: 32, signed: true }, native: 'INTEGER' }

function subject({ where, ...more }: Asked = {}, changed: Partial<Layer> = {}): CursorSubject {
  const layer = {
    name: 'things',
    fingerprint: 'f1',
    columns: [COLUMN],
    relation: { kind: 'parquet' },
    ...changed,
  } as unknown as Layer
  const asked = where === undefined ? { bbox: [1, 2, 3, 4], property: { name: 'a', gt: 5 } } : where
  return queryOf(layer, { orderBy: [{ property: 'a', direction: 'DESC' }], ...more, where: asked })
}

const cursor = encodeCursor(SECRET, subject(), POSITION)

describe('a cursor', () => {
  it('gives its position back, to another server with the same data and secret too', () => {
    expect(cursor).toMatch(/^[\w-]+$/)
    expect(decodeCursor(SECRET, subject(), cursor)).toEqual(POSITION)
    expect(encodeCursor(SECRET, subject(), POSITION)).toBe(cursor)
  })

  it('takes text of any kind that a sort key can have', () => {
    for (const text of ['', '\0', '\u{1F986}', "'; DROP TABLE x; --", 'x'.repeat(1_000)]) {
      const position = { keys: [text, '1'] }
      expect(decodeCursor(SECRET, subject(), encodeCursor(SECRET, subject(), position))).toEqual(position)
    }
  })

  it('stays short and is accepted with sort keys of any length, which are read from the row', () => {
    const place = ['4294967295', '9223372036854775807']
    const long = encodeCursor(SECRET, subject(), { keys: [null, 'x'.repeat(5_000_000), ...place] })
    expect(decodeCursor(SECRET, subject(), long)).toEqual({ keys: [null, true, ...place] })
    const longest = Array.from({ length: MAX_SORT_KEYS }, () => 'x'.repeat(1_022))
    const carried = encodeCursor(SECRET, subject(), { keys: [...longest, ...place] })
    expect(carried.length).toBeLessThanOrEqual(LONGEST_CURSOR)
    expect(decodeCursor(SECRET, subject(), carried)).toEqual({ keys: [...longest, ...place] })
  })

  it.each<[string, Asked]>([
    ['members that ask nothing', { where: { bbox: [1, 2, 3, 4], and: [], property: { name: 'a', gt: 5, collate: [] } } }],
    ['another notation of the same value', { where: { bbox: [1, 2.0, 3, 4], property: { name: 'a', gt: 5.0 } } }],
    ['the order of members', { where: { property: { gt: 5, name: 'a' }, bbox: [1, 2, 3, 4] } }],
    ['defaults that are written out', { orderBy: [{ property: 'a', direction: 'DESC', nulls: 'LAST' }] }],
  ])('does not mind %s', (_, more) => {
    expect(decodeCursor(SECRET, subject(more), cursor)).toEqual(POSITION)
  })

  it('stays valid when the layer has another name', () => {
    const renamed = subject({}, { name: 'things_shp', names: ['things', 'things_shp'] })
    expect(decodeCursor(SECRET, renamed, cursor)).toEqual(POSITION)
    expect(encodeCursor(SECRET, renamed, POSITION)).toBe(cursor)
  })

  it.each<[string, CursorSubject, string?]>([
    ['another layer', subject({}, { name: 'others' })],
    ['another table', subject({}, { relation: { kind: 'table', database: 'db', schema: 'main', table: 'things' } })],
    ['another filter', subject({ where: { bbox: [1, 2, 3, 5], property: { name: 'a', gt: 5 } } })],
    ['no filter', subject({ where: null })],
    ['another direction', subject({ orderBy: [{ property: 'a' }] })],
    ['another place for nulls', subject({ orderBy: [{ property: 'a', direction: 'DESC', nulls: 'FIRST' }] })],
    ['no order', subject({ orderBy: [] })],
    ['another secret', subject(), 'another secret'],
    ['another filter over changed data', subject({ where: null }, { fingerprint: 'f2' })],
  ])('of %s is CURSOR_INVALID', (_, other, secret = SECRET) => {
    expect(refusal(() => decodeCursor(secret, other, cursor))).toMatch(/^CURSOR_INVALID: `after` is no cursor of this layer/)
  })

  it('of the same question over changed data is CURSOR_EXPIRED', () => {
    expect(refusal(() => decodeCursor(SECRET, subject({}, { fingerprint: 'f2' }), cursor))).toMatch(
      /^CURSOR_EXPIRED: .*"things" has changed/,
    )
  })

  it('with any bit changed is CURSOR_INVALID, and so is any part of it', () => {
    const bytes = Buffer.from(cursor, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(refusal(() => decodeCursor(SECRET, subject(), changed.toString('base64url')))).toMatch(/^CURSOR_INVALID/)
    }
    for (let length = 0; length < cursor.length; length++) {
      expect(refusal(() => decodeCursor(SECRET, subject(), cursor.slice(0, length)))).toMatch(/^CURSOR_INVALID/)
    }
  })

  it.each(['', 'x', '====', `${cursor}=`, ` ${cursor}`, `${cursor}A`, 'é', 'A'.repeat(1_000_000)])(
    '%.20s is CURSOR_INVALID',
    (text) => {
      expect(refusal(() => decodeCursor(SECRET, subject(), text))).toMatch(/^CURSOR_INVALID/)
    },
  )
})
