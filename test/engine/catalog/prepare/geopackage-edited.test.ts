/**
 * A GeoPackage that others edit while it is served, in WAL mode and with a rollback journal. Each commit sets the column `state` of every row
 * to its number and adds a row, so that a mixture of two commits is seen.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ask } from '../../../support/graphql.ts'
import { python } from '../../../support/python.ts'
import { serve, type TestServer } from '../../../support/server.ts'

const SECONDS = process.env['GEODUCK_LONG'] ? 20 : 6
const ROWS = 40
const root = await mkdtemp(join(tmpdir(), 'geoduck-edited-'))
afterAll(() => rm(root, { recursive: true }))

const MAKE = `
import geopandas, shapely, sqlite3, sys, json
file, mode, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
frame = geopandas.GeoDataFrame({"state": [0] * rows}, geometry=[shapely.Point(n, n) for n in range(rows)], crs=4326)
# The triggers of a spatial index call functions that only GDAL has.
frame.to_file(file, driver="GPKG", layer="edited", SPATIAL_INDEX="NO")
database = sqlite3.connect(file)
print(json.dumps(database.execute(f"PRAGMA journal_mode = {mode}").fetchone()[0]))
database.close()
`

/** Commits every 50 ms. It waits for no lock, so a reader that holds one is an error. */
const EDIT = `
import sqlite3, sys, json, time
file, seconds, state = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
database = sqlite3.connect(file, timeout=0, isolation_level=None)
end, times, errors = time.monotonic() + seconds, [], []
while time.monotonic() < end:
    start = time.monotonic()
    try:
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE edited SET state = ?", (state + 1,))
        database.execute("INSERT INTO edited (geom, state) SELECT geom, state FROM edited WHERE fid = 1")
        database.execute("COMMIT")
        state += 1
        times.append(1000 * (time.monotonic() - start))
    except sqlite3.OperationalError as error:
        errors.append(str(error))
        if database.in_transaction:
            database.execute("ROLLBACK")
    time.sleep(0.05)
database.close()
print(json.dumps({"state": state, "median": sorted(times)[len(times) // 2], "errors": errors}))
`

const APPEND = `
import geopandas, shapely, sys, json, sqlite3
file, times = sys.argv[1], int(sys.argv[2])
for n in range(times):
    frame = geopandas.GeoDataFrame({"state": [0] * 10}, geometry=[shapely.Point(n, n)] * 10, crs=4326)
    frame.to_file(file, driver="GPKG", layer="edited", mode="a")
print(json.dumps(sqlite3.connect(f"file:{file}?mode=ro", uri=True).execute("SELECT count(*) FROM edited").fetchone()[0]))
`

interface Edited {
  readonly state: number
  readonly median: number
  readonly errors: readonly string[]
}

interface Seen {
  readonly states: readonly number[]
  readonly rows: number
}

async function seen(server: TestServer): Promise<Seen> {
  const { data, errors } = await ask<{ features: { features: { properties: { state: unknown } }[] } }>(
    server,
    '{ features(layer: "edited", first: 10000) { features { properties } } }',
  )
  if (errors) throw new Error(`${errors[0]!.extensions['code']}: ${errors[0]!.message}`)
  const states = data!.features.features.map(({ properties }) => Number(properties.state))
  return { states: [...new Set(states)], rows: states.length }
}

describe.each(['wal', 'delete'])('a GeoPackage with the journal mode %s', (mode) => {
  async function made(name: string): Promise<{ readonly folder: string; readonly file: string }> {
    const folder = join(root, `${mode}-${name}`)
    await mkdir(folder)
    const file = join(folder, 'edited.gpkg')
    expect(await python(MAKE, [file, mode, String(ROWS)])).toBe(mode)
    return { folder, file }
  }

  const served = (folder: string) => serve([folder], { watch: true, cacheDirectory: join(root, `cache-${mode}`) })

  test('is served without a new file beside it', async () => {
    const { folder } = await made('still')
    const before = await readdir(folder)
    const server = await served(folder)
    try {
      expect(await seen(server)).toEqual({ states: [0], rows: ROWS })
      expect(await readdir(folder)).toEqual(before)
    } finally {
      await server.close()
    }
    expect(await readdir(folder)).toEqual(before)
  })

  test(
    'is served in one of its committed states while it is edited every 50 ms, and the writer does not wait',
    async () => {
      const { folder, file } = await made('constant')
      const alone = await python<Edited>(EDIT, [file, '1.5', '0'])
      const server = await served(folder)
      try {
        let done = false
        const editing = python<Edited>(EDIT, [file, String(SECONDS), String(alone.state)]).finally(() => {
          done = true
        })
        const states = new Set<number>()
        while (!done) {
          const { states: found, rows } = await seen(server)
          expect(found).toHaveLength(1)
          expect(rows).toBe(ROWS + found[0]!)
          states.add(found[0]!)
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
        const edited = await editing
        console.log(
          `${mode}: ${edited.state - alone.state} commits, ${states.size} of their states were served; a commit took ${edited.median.toFixed(2)} ms, ${alone.median.toFixed(2)} ms without a server`,
        )
        expect(edited.errors).toEqual([])
        // The server's own work takes processor time from a writer on the same machine.
        expect(edited.median).toBeLessThan(20 + 5 * alone.median)
        await expect
          .poll(async () => seen(server), { timeout: 30_000 })
          .toEqual({ states: [edited.state], rows: ROWS + edited.state })
        const { data } = await ask<{ health: { problems: unknown[] } }>(server, '{ health { problems { source reason } } }')
        expect(data!.health.problems).toEqual([])
        expect(await readdir(folder)).toEqual(['edited.gpkg'])
      } finally {
        await server.close()
      }
    },
    (SECONDS + 60) * 1_000,
  )

  test('is served with all rows after pyogrio appends to it', async () => {
    const { folder, file } = await made('appended')
    const server = await served(folder)
    try {
      const rows = await python<number>(APPEND, [file, '5'])
      expect(rows).toBe(ROWS + 50)
      await expect.poll(async () => (await seen(server)).rows, { timeout: 30_000 }).toBe(rows)
    } finally {
      await server.close()
    }
  })
})
