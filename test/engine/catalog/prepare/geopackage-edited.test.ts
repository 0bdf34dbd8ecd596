/**
 * A GeoPackage that others edit while it is served, in WAL mode and with a rollback journal. Each commit sets the column `state` of every row
 * to its number and adds a row, so that a mixture of two commits is seen.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../../../support/graphql.ts'
import { python } from '../../../support/python.ts'
import { serve, type TestServer } from '../../../support/server.ts'

const SECONDS = process.env['GEODUCK_LONG'] ? 20 : 6
const ROWS = 40
const root = await mkdtemp(join(tmpdir(), 'geoduck-edited-'))

const MODES = ['wal', 'delete'] as const

/** A table in a file for each journal mode. */
const MAKE = `
import geopandas, shapely, sqlite3, sys, json, os
root, modes, rows = sys.argv[1], sys.argv[2].split(","), int(sys.argv[3])
frame = geopandas.GeoDataFrame({"state": [0] * rows}, geometry=[shapely.Point(n, n) for n in range(rows)], crs=4326)
for mode in modes:
    for folder in (mode, "alone-" + mode):
        os.mkdir(os.path.join(root, folder))
        file = os.path.join(root, folder, "edited.gpkg")
        # The triggers of a spatial index call functions that only GDAL has.
        frame.to_file(file, driver="GPKG", layer="in_" + mode, SPATIAL_INDEX="NO")
        database = sqlite3.connect(file)
        assert database.execute(f"PRAGMA journal_mode = {mode}").fetchone()[0] == mode
        database.close()
print("{}")
`

/** Commits every 50 ms, from the file's state on. It waits for no lock, so a reader that holds one is an error. */
const EDIT = `
import sqlite3, sys, json, time
file, table, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
database = sqlite3.connect(file, timeout=0, isolation_level=None)
state = database.execute(f"SELECT max(state) FROM {table}").fetchone()[0]
end, times, errors = time.monotonic() + seconds, [], []
while time.monotonic() < end:
    start = time.monotonic()
    try:
        database.execute("BEGIN IMMEDIATE")
        database.execute(f"UPDATE {table} SET state = ?", (state + 1,))
        database.execute(f"INSERT INTO {table} (geom, state) SELECT geom, state FROM {table} WHERE fid = 1")
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
file, table, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
for n in range(times):
    frame = geopandas.GeoDataFrame({"state": [0] * 10}, geometry=[shapely.Point(n, n)] * 10, crs=4326)
    frame.to_file(file, driver="GPKG", layer=table, mode="a")
database = sqlite3.connect(file)
print(json.dumps(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]))
database.close()
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

/** Asks again, as a client does, if a new version is served from the middle of the question on. */
async function seen(mode: string, tries = 3): Promise<Seen> {
  const { data, errors } = await ask<{ features: { features: { properties: { state: unknown } }[] } }>(
    server,
    `{ features(layer: "in_${mode}", first: 10000) { features { properties } } }`,
  )
  if (errors?.[0]?.extensions['code'] === 'SOURCE_CHANGED' && tries > 1) return await seen(mode, tries - 1)
  if (errors) throw new Error(`${errors[0]!.extensions['code']}: ${errors[0]!.message}`)
  const states = data!.features.features.map(({ properties }) => Number(properties.state))
  return { states: [...new Set(states)], rows: states.length }
}

let server: TestServer
beforeAll(async () => {
  await python(MAKE, [root, MODES.join(','), String(ROWS)])
  const folders = MODES.map((mode) => join(root, mode))
  server = await serve(folders, { watch: true, cacheDirectory: join(root, 'cache') })
})
afterAll(async () => {
  await server.close()
  for (const mode of MODES) expect(await readdir(join(root, mode))).toEqual(['edited.gpkg'])
  await rm(root, { recursive: true })
})

describe.each(MODES)('a GeoPackage with the journal mode %s', (mode) => {
  const [folder, file, table] = [join(root, mode), join(root, mode, 'edited.gpkg'), `in_${mode}`]

  test('is served without a new file beside it', async () => {
    expect(await seen(mode)).toEqual({ states: [0], rows: ROWS })
    expect(await readdir(folder)).toEqual(['edited.gpkg'])
  })

  test(
    'is served in one of its committed states while it is edited every 50 ms, and the writer does not wait',
    async () => {
      let done = false
      // The file that is not served is edited at the same time, so other work on the machine takes as much from both writers.
      const editing = Promise.all(
        [file, join(root, `alone-${mode}`, 'edited.gpkg')].map((one) => python<Edited>(EDIT, [one, table, String(SECONDS)])),
      ).finally(() => {
        done = true
      })
      const served: Seen[] = []
      try {
        while (!done) {
          served.push(await seen(mode))
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      } finally {
        // The next test, or the next try, must find no other writer.
        await editing
      }
      const [{ state, median, errors }, alone] = (await editing) as [Edited, Edited]
      for (const { states: found, rows } of served) expect({ states: found, rows }).toEqual({ states: [rows - ROWS], rows })
      const states = new Set(served.map(({ rows }) => rows))
      console.log(
        `${mode}: ${state} commits, ${states.size} of their states were served; a commit took ${median.toFixed(2)} ms, ${alone.median.toFixed(2)} ms without a server`,
      )
      expect(errors).toEqual([])
      expect(median).toBeLessThan(20 + 5 * alone.median)
      await expect.poll(() => seen(mode)).toEqual({ states: [state], rows: ROWS + state })
      expect(await problems()).toEqual([])
      expect(await readdir(folder)).toEqual(['edited.gpkg'])
    },
    (SECONDS + 120) * 1_000,
  )

  test('is served with all rows after pyogrio appends to it', async () => {
    const rows = await python<number>(APPEND, [file, table, '5'])
    await expect.poll(async () => (await seen(mode)).rows).toBe(rows)
    expect(await problems()).toEqual([])
  })
})

async function problems(): Promise<unknown> {
  const { data } = await ask<{ health: { problems: unknown } }>(server, '{ health { problems { source reason } } }')
  return data!.health.problems
}
