/**
 * `npm run bench:page`: looks at the demo in a real browser, five minutes or `--minutes N`. Prints frames, changes and memory of each window of 30 s, or of
 * `--window S`, and at the end how the last third differs from the first. It judges nothing: the machine decides about frames.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'

const ROOT = join(import.meta.dirname, '..')
/** A busy machine may take long to start a browser. */
const LONGEST_MS = 90_000
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, window: { type: 'string', default: '30' } },
})
const [minutes, windowSeconds] = [Number(values.minutes), Number(values.window)]
if (!(minutes > 0 && windowSeconds > 0)) throw new Error('--minutes and --window take a number above 0')

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
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: switches, timeout: LONGEST_MS })
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
page.setDefaultTimeout(LONGEST_MS)
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
async function look() {
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
  return { ...seen, busy, changes, at: performance.now() }
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

const serverBytes = () => 1_024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1])

const COLUMNS = ['frames/s', 'busy %', 'changes/s', 'page MB', 'server MB', 'store MB'] as const
const print = (first: string, figures: readonly (number | string)[]) => {
  const texts = figures.map((figure, n) => {
    const text = typeof figure === 'number' ? figure.toFixed(1) : figure
    return text.padStart(COLUMNS[n]!.length)
  })
  process.stdout.write(`${[first.padStart(8), ...texts].join('  ')}\n`)
}

const rows: (readonly number[])[] = []
print('second', COLUMNS)
let before = await look()
const began = before.at
while (performance.now() - began < minutes * 60_000) {
  await sleep(windowSeconds * 1_000)
  const now = await look()
  const seconds = (now.at - before.at) / 1_000
  const rates = [now.frames - before.frames, 100 * (now.busy - before.busy), now.changes - before.changes]
  const row = [...rates.map((sum) => sum / seconds), ...[now.heap, serverBytes(), await storeBytes()].map((bytes) => bytes / 1e6)]
  print(String(Math.round((now.at - began) / 1_000)), row)
  rows.push(row)
  before = now
}
const third = Math.max(1, Math.floor(rows.length / 3))
const mean = (some: typeof rows, n: number) => some.reduce((sum, row) => sum + row[n]!, 0) / some.length
const change = COLUMNS.map((_, n) => {
  const percent = 100 * (mean(rows.slice(-third), n) / mean(rows.slice(0, third), n) - 1)
  return `${percent < 0 ? '' : '+'}${percent.toFixed(0)} %`
})
print('change', change)
await browser.close()
server.kill()
await once(server, 'exit')
