/** Bodies of any length that are written into live layers, by real clients. */
import { writeFile } from 'node:fs/promises'
import { type ClientRequest, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, test } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { processesOf } from '../../support/live.ts'
import { serveLive } from '../../support/live-server.ts'
import { runProgram } from '../../support/program.ts'
import { serve } from '../../support/server.ts'
import { createLayer, line, lines, NDJSON, put, type Uploaded, uploadUrl, writesOf } from '../../support/upload.ts'

const { folder, server } = await serveLive()

let layers = 0
/** Makes a layer for one test. */
async function layer(columns: Readonly<Record<string, string>> = { n: 'INTEGER' }): Promise<string> {
  const name = `uploads${layers++}`
  await createLayer(server, name, columns)
  return name
}

async function count(name: string): Promise<number> {
  const { data } = await ask<{ layer: { featureCount: string } }>(server, `{ layer(name: "${name}") { featureCount } }`)
  return Number(data!.layer.featureCount)
}

/** A request whose body is sent by hand. */
function open(name: string, parameters: Readonly<Record<string, string>> = {}) {
  const sent = request(uploadUrl(server, name, parameters), { method: 'PUT', headers: { 'content-type': NDJSON } })
  // A request that is cut fails.
  sent.on('error', () => {})
  const answered = new Promise<{ status: number; body: Uploaded }>((resolve) => {
    sent.on('response', async (response) => {
      let text = ''
      for await (const piece of response) text += piece
      resolve({ status: response.statusCode!, body: JSON.parse(text) })
    })
  })
  return { sent, answered }
}

const committed = async (name: string, upload: string): Promise<number> => {
  const response = await fetch(uploadUrl(server, name, { upload }))
  return ((await response.json()) as Uploaded).committed
}

async function curl(file: string, url: string): Promise<Uploaded> {
  const { code, stdout, stderr } = await runProgram('curl', ['-sS', '-T', file, '-H', `content-type: ${NDJSON}`, url], {
    cwd: folder,
    environment: {},
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

test('curl uploads a file of lines, with empty lines and without a last line break', async () => {
  const name = await layer({ n: 'INTEGER', 'a name': 'VARCHAR' })
  await writeFile(
    join(folder, 'rows.ndjson'),
    `${lines(0, 3_000)}\n\r\n${line(3_000, { n: null, 'a name': 'Zürich' })}\n{"type":"Feature","id":7,"geometry":null,"properties":null}`,
  )
  expect(await curl('rows.ndjson', uploadUrl(server, name))).toMatchObject({ committed: 3_002, errors: [] })
  expect(await count(name)).toBe(3_002)
  const feature = (id: string) => `feature(layer: "${name}", id: "${id}") { key geometry properties }`
  expect(await ask(server, `{ a: ${feature('k20')} b: ${feature('k3000')} c: ${feature('7')} }`)).toEqual({
    data: {
      a: { key: 'k20', geometry: { type: 'Point', coordinates: [-160, -65] }, properties: { n: 20, 'a name': null } },
      b: { key: 'k3000', geometry: { type: 'Point', coordinates: [-60, 25] }, properties: { n: null, 'a name': 'Zürich' } },
      c: { key: '7', geometry: null, properties: { n: null, 'a name': null } },
    },
  })
})

test('the rows of a client that waits are written while its body is open', async () => {
  const name = await layer()
  const { sent, answered } = open(name)
  sent.write(lines(0, 3) + line(3).slice(0, 20))
  await expect.poll(() => count(name), { timeout: 20_000 }).toBe(3)
  sent.write(line(3).slice(20) + lines(4, 6))
  await expect.poll(() => count(name), { timeout: 20_000 }).toBe(6)
  sent.end(line(6))
  expect(await answered).toMatchObject({ status: 200, body: { committed: 7, errors: [] } })
})

test('a later row of the body replaces an earlier one with its key', async () => {
  const name = await layer()
  const twice = line(1) + line(1, { n: 2 })
  expect((await put(server, name, twice)).body).toMatchObject({ committed: 2, errors: [] })
  expect(await ask(server, `{ features(layer: "${name}") { features { key properties } } }`)).toEqual({
    data: { features: { features: [{ key: 'k1', properties: { n: 2 } }] } },
  })
})

describe('a body that is cut', () => {
  it('writes whole chunks, and is resumed by sending all of it again, or its rest', { timeout: 60_000 }, async () => {
    const name = await layer()
    const { sent } = open(name, { upload: 'a' })
    sent.write(lines(0, 9_000))
    await expect.poll(() => committed(name, 'a'), { timeout: 20_000 }).toBeGreaterThanOrEqual(4_000)
    sent.write(line(9_000).slice(0, 30))
    sent.destroy()
    expect((await put(server, name, lines(0, 12_000), { upload: 'a' })).body).toMatchObject({ committed: 12_000, errors: [] })
    expect(writesOf(join(folder, 'live'), name)).toEqual({ features: 12_000, writes: 12_000 })

    const { sent: more } = open(name, { upload: 'a', from: '12000' })
    more.write(lines(12_000, 15_000))
    await expect.poll(() => committed(name, 'a'), { timeout: 20_000 }).toBeGreaterThan(12_000)
    more.destroy()
    const from = await committed(name, 'a')
    const rest = await put(server, name, lines(from, 20_000), { upload: 'a', from: String(from) })
    expect(rest).toMatchObject({ status: 200, body: { committed: 20_000 } })
    expect(writesOf(join(folder, 'live'), name)).toEqual({ features: 20_000, writes: 20_000 })
    // It may begin anywhere before that.
    const overlapping = await put(server, name, lines(11_111, 20_001), { upload: 'a', from: '11111' })
    expect(overlapping.body.committed).toBe(20_001)
    expect(writesOf(join(folder, 'live'), name)).toEqual({ features: 20_001, writes: 20_001 })
  })

  it('is continued by another request while the server still waits for the first', async () => {
    const name = await layer()
    const { sent, answered } = open(name, { upload: 'b' })
    sent.write(lines(0, 3_000))
    await expect.poll(() => committed(name, 'b'), { timeout: 20_000 }).toBeGreaterThan(0)
    const again = await put(server, name, lines(0, 5_000), { upload: 'b' })
    expect(again.body).toMatchObject({ committed: 5_000, errors: [] })
    sent.end()
    const first = await answered
    expect(first).toMatchObject({ status: 409, body: { errors: [{ message: 'Another request continues this upload.' }] } })
    expect(writesOf(join(folder, 'live'), name)).toEqual({ features: 5_000, writes: 5_000 })
  })

  it('is refused where rows are missing, or are others', async () => {
    const name = await layer()
    await put(server, name, lines(0, 10), { upload: 'c' })
    expect(await put(server, name, lines(11, 20), { upload: 'c', from: '11' })).toMatchObject({
      status: 409,
      body: { committed: 10, errors: [{ code: 'BAD_INPUT', message: expect.stringContaining('`from=10`') }] },
    })
    expect(await put(server, name, lines(1, 20), { upload: 'c' })).toMatchObject({
      status: 400,
      body: { committed: 10, errors: [{ message: '`upload`: rows 0 to 9 of this upload are others; take a new key.' }] },
    })
    expect(await count(name)).toBe(10)
    // The same key in another layer is another upload.
    expect(await committed(await layer(), 'c')).toBe(0)
  })
})

test('no row is lost or written twice when the writer is killed', { timeout: 60_000 }, async () => {
  const name = await layer()
  const rows = 30_000
  const uploading = put(server, name, lines(0, rows), { upload: 'kills' })
  for (const least of [2_000, 8_000, 16_000]) {
    await expect.poll(() => committed(name, 'kills'), { timeout: 30_000, interval: 10 }).toBeGreaterThanOrEqual(least)
    for (const pid of processesOf(process.pid, 'live/writer')) process.kill(pid, 'SIGKILL')
  }
  expect((await uploading).body).toMatchObject({ committed: rows, errors: [] })
  expect(writesOf(join(folder, 'live'), name)).toEqual({ features: rows, writes: rows })
  expect(await count(name)).toBe(rows)
})

/** Sends lines until the connection takes no more for a while. Returns the bytes that it has taken. */
async function fill(sent: ClientRequest): Promise<number> {
  const piece = lines(0, 1_000)
  let written = 0
  for (let full = 0; full < 10; ) {
    if (written > 200e6) break
    if (sent.writableNeedDrain) {
      await sleep(50)
      full++
    } else {
      sent.write(piece)
      written += piece.length
      full = 0
      await sleep(0)
    }
  }
  return written - sent.writableLength
}

test('a body is not read while the writer does not write', { timeout: 60_000 }, async () => {
  const name = await layer()
  const [writer] = processesOf(process.pid, 'live/writer')
  process.kill(writer!, 'SIGSTOP')
  const { sent } = open(name, { upload: 'full' })
  try {
    // Buffers of the system hold some megabytes.
    expect(await fill(sent)).toBeLessThan(40e6)
  } finally {
    process.kill(writer!, 'SIGCONT')
    sent.destroy()
  }
})

const wrongRows: readonly (readonly [what: string, row: string, error: object])[] = [
  ['no JSON', '{"type":\n', { message: 'The line is no JSON in UTF-8.' }],
  ['no feature', '{"type":"FeatureCollection","features":[]}\n', { message: expect.stringContaining('type Feature') }],
  ['without an id', '{"type":"Feature","geometry":null,"properties":{}}\n', { message: expect.stringContaining('`id`') }],
  ['with another member', line(1).replace('"id"', '"crs":null,"id"'), { message: expect.stringContaining('"crs"') }],
  ['with a wrong value', line(1, { n: 1.5 }), { message: expect.stringContaining('INTEGER') }],
  ['with an open ring', line(1).replace('Point', 'Polygon'), { message: expect.stringContaining('`geometry.geojson`') }],
  ['of many levels', `${'['.repeat(300)}\n`, { code: 'LIMIT_EXCEEDED' }],
]

test.each(wrongRows)(
  'a row %s is reported with its number, and its chunk is not written',
  { timeout: 30_000 },
  async (_, row, error) => {
    const name = await layer()
    const { status, body } = await put(server, name, lines(0, 2_123) + row + lines(5_000, 5_001), { upload: 'wrong' })
    expect(body.errors).toMatchObject([{ index: 2_123, ...error }])
    expect(status).toBe(body.errors[0]!.code === 'LIMIT_EXCEEDED' ? 413 : 400)
    expect(body.committed).toBeLessThan(2_123)
    expect([await count(name), await committed(name, 'wrong')]).toEqual([body.committed, body.committed])
  },
)

test('at most 100 errors are reported', async () => {
  const { body } = await put(server, await layer(), line(1, { m: 1 }).repeat(500))
  expect([body.committed, body.errors.length]).toEqual([0, 100])
})

test('a line without an end is refused when it is too long', async () => {
  const { status, body } = await put(server, await layer(), line(1) + ' '.repeat(3e6))
  expect([status, body]).toMatchObject([
    413,
    { errors: [{ code: 'LIMIT_EXCEEDED', message: expect.stringContaining('--max-body') }] },
  ])
})

const refusals: readonly (readonly [
  what: string,
  layer: string,
  parameters: Record<string, string>,
  headers: Record<string, string>,
  status: number,
])[] = [
  ['another content type', 'uploads0', {}, { 'content-type': 'application/json' }, 415],
  ['a compressed body', 'uploads0', {}, { 'content-encoding': 'gzip' }, 415],
  ['a range of bytes', 'uploads0', {}, { 'content-range': 'bytes 5-9/10' }, 400],
  ['an offset without an upload', 'uploads0', { from: '3' }, {}, 400],
  ['an offset that is no number', 'uploads0', { upload: 'x', from: '-3' }, {}, 400],
  ['an unknown parameter', 'uploads0', { offset: '3' }, {}, 400],
  ['an empty key', 'uploads0', { upload: '' }, {}, 400],
  ['a missing layer', 'nothing', {}, {}, 404],
  ['a layer of a file', 'places', {}, {}, 400],
  ['a page of another origin', 'uploads0', {}, { origin: 'https://example.org' }, 403],
]

test.each(refusals)('%s is refused', async (_, name, parameters, headers, status) => {
  expect((await put(server, name, line(999_999), parameters, headers)).status).toBe(status)
})

test('only a client with the write token uploads', { timeout: 30_000 }, async () => {
  const live = { live: join(folder, 'guarded'), writes: true, token: 'reader', writeToken: 'writer' }
  const guarded = await serve([], live)
  try {
    const send = async (token: string) => {
      const headers = { 'content-type': NDJSON, authorization: `Bearer ${token}` }
      const url = uploadUrl(guarded, 'any', { upload: 'x' })
      const [given, asked] = [await fetch(url, { method: 'PUT', body: line(1), headers }), await fetch(url, { headers })]
      return [given.status, asked.status]
    }
    expect(await send('nobody')).toEqual([401, 401])
    expect(await send('reader')).toEqual([403, 403])
    expect(await send('writer')).toEqual([404, 404])
  } finally {
    await guarded.close()
  }
})
