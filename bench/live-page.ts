/**
 * Looks at the demo in a real browser for some minutes: frames, changes and memory, each 30 s. By hand: `node bench/live-page.ts [MINUTES]`, after
 * `npm start` has made the demo.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright-core'

const ROOT = join(import.meta.dirname, '..')
const EVERY_MS = 30_000
const minutes = Number(process.argv[2] ?? 5)

const server = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, 'src/main.ts'), '--port', '0'], {
  env: {
    ...process.env,
    GEODUCK_DEMO: join(ROOT, '.geoduck/demo'),
    GEODUCK_DEMO_LIVE: join(ROOT, '.geoduck/ships'),
    GEODUCK_DEMO_WRITER: join(ROOT, 'scripts/ships/sail.ts'),
  },
  // The end of the channel stops it.
  stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
})
const url = await new Promise<string>((resolve) => {
  createInterface({ input: server.stdout! }).on(
    'line',
    (line) => line.startsWith('ready ') && resolve(line.slice('ready '.length)),
  )
})

const switches = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-sandbox', '--enable-precise-memory-info']
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: switches })
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
let changes = 0
page.on('websocket', (socket) =>
  socket.on('framereceived', ({ payload }) => {
    const text = String(payload)
    if (text.includes('"ChangeBatch"')) changes += text.split('"type":"Feature"').length - 1
  }),
)
await page.goto(`${url}/map#at=2/30/10&show=countries/ships`)
await page.locator('.layer[data-layer=ships][data-state=complete]').waitFor()
const session = await page.context().newCDPSession(page)
await session.send('Performance.enable', { timeDomain: 'threadTicks' })

/** The page's frames, the processor time of its main thread in seconds, and its memory after a collection. */
async function look(): Promise<{ readonly frames: number; readonly busy: number; readonly heap: number }> {
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  const busy = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN
  const seen = await page.evaluate(() => {
    const state = globalThis as unknown as { drawn?: number; performance: { memory: { usedJSHeapSize: number } } }
    const frames = state.drawn ?? 0
    const count = () => {
      state.drawn = (state.drawn ?? 0) + 1
      requestAnimationFrame(count)
    }
    if (state.drawn === undefined) count()
    return { frames, heap: state.performance.memory.usedJSHeapSize }
  })
  return { ...seen, busy }
}

async function storeBytes(): Promise<number> {
  const folder = (await readdir(tmpdir())).find((name) => name.startsWith(`geoduck-demo-${server.pid}-`))
  if (folder === undefined) return 0
  const store = join(tmpdir(), folder, 'store')
  const sizes = await Promise.all(
    (await readdir(store)).map((file) =>
      stat(join(store, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
const serverBytes = () => 1_024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1])

const print = (line: string) => void process.stdout.write(`${line}\n`)
print('second  frames/s  busy %  changes/s  page MB  server MB  store MB')
let before = { ...(await look()), changes, at: performance.now() }
const began = before.at
while (performance.now() - began < minutes * 60_000) {
  await sleep(EVERY_MS)
  const now = { ...(await look()), changes, at: performance.now() }
  const seconds = (now.at - before.at) / 1_000
  const figures = [
    Math.round((now.at - began) / 1_000),
    ((now.frames - before.frames) / seconds).toFixed(1),
    ((100 * (now.busy - before.busy)) / seconds).toFixed(1),
    Math.round((now.changes - before.changes) / seconds),
    megabytes(now.heap),
    megabytes(serverBytes()),
    megabytes(await storeBytes()),
  ]
  print(figures.map((figure, n) => String(figure).padStart([6, 8, 6, 9, 7, 9, 8][n]!)).join('  '))
  before = now
}
await browser.close()
server.kill()
await once(server, 'exit')
