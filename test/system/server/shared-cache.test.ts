/** Servers that share the folder of prepared copies, and do not see each other's processes, as in two containers or on two machines. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { type Launched, launch } from '../../support/launched.ts'

/** Each program has its own process ids, and is ended with its `unshare`. */
const APART = ['--pid', '--fork', '--mount-proc', '--kill-child']
const canPartProcesses = spawnSync('unshare', [...APART, 'true']).status === 0
const FEATURES = 300_000

let folder: string
const started: Launched[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'geoduck-shared-cache-'))
  mkdirSync(join(folder, 'cache'))
  const features = Array.from({ length: FEATURES }, (_, n) =>
    JSON.stringify({
      type: 'Feature',
      properties: { n, name: `stop ${n}` },
      geometry: { type: 'Point', coordinates: [n / 3000, n / 4000] },
    }),
  )
  writeFileSync(join(folder, 'stops.geojson'), `{"type":"FeatureCollection","features":[${features.join(',\n')}]}`)
})

afterEach(async () => {
  for (const { pid } of started) process.kill(-pid, 'SIGKILL')
  await Promise.all(started.splice(0).map(({ ended }) => ended))
})

afterAll(() => rmSync(folder, { recursive: true }))

function geoduck(args: readonly string[]): Launched {
  const flags = ['--cache-directory', join(folder, 'cache')]
  const launched = launch('unshare', [...APART, process.execPath, join(ROOT, 'src/main.ts'), ...args, ...flags], { cwd: folder })
  started.push(launched)
  return launched
}

const serve = () => geoduck(['stops.geojson', '--port', '0'])
const filesIn = (path: string) => readdirSync(join(folder, 'cache/prepared', path)).map(String)
const isThere = (path: string, name: RegExp) => {
  try {
    return filesIn(path).some((file) => name.test(file))
  } catch {
    return false
  }
}

test.runIf(canPartProcesses)(
  'a copy is made once, and is kept while another server serves it',
  { timeout: 180_000 },
  async () => {
    const first = serve()
    await expect.poll(() => isThere('.', /^[0-9a-f]{32}$/), { interval: 20 }).toBe(true)
    const digest = filesIn('.').find((name) => /^[0-9a-f]{32}$/.test(name))!
    await expect.poll(() => isThere(digest, /^lock$/), { interval: 20 }).toBe(true)
    const others = [serve(), serve()]
    for (const server of [first, ...others]) expect(await server.line(/^ {2}layer .*stops/)).toBeTruthy()
    const made = [first, ...others].map(({ stderr }) => stderr().match(/is prepared"/g) ?? [])
    expect(made.map((lines) => lines.length)).toEqual([1, 0, 0])
    expect(filesIn(digest)).toContain('features.parquet')

    // It sees no process of the servers.
    const pruned = geoduck(['prepare', '--prune', '--cache-limit', '0B'])
    expect(await pruned.ended).toBe(0)
    started.splice(started.indexOf(pruned), 1)
    expect(filesIn(digest)).toContain('features.parquet')
  },
)
