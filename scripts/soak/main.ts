/**
 * Everything at once, for minutes: clients that stream, sort, pause, cut and resume, ask, burst and misbehave, while workers are killed; every
 * answer is compared with one worked out without the engine. Ends with 1 when one was wrong, when the server grew, or when it left something.
 * With --overload: ten times what the workers do at once, all the time, and nobody is killed nor dies.
 */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { makeData } from './data.ts'
import { SoakServer } from './server.ts'
import { type Dice, TASKS } from './tasks.ts'
import { median, Watch } from './watch.ts'

/** The number of clients per task. */
const MIXED = { stream: 2, sorted: 1, slow: 6, cut: 2, box: 3, count: 1, burst: 1, abuse: 1 }
/** On two workers, before a queue that is half of it. */
const OVERLOAD = { page: 20, box: 1 }
const OVERLOAD_FLAGS = ['--queue-length', '10']
const LOOK_MS = 3_000
const KILL_MS = 7_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string' },
    overload: { type: 'boolean', default: false },
    'real-time': { type: 'boolean', default: false },
  },
})
const { overload } = values
const minutes = Number(values.minutes)
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32))
if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('--minutes takes a number above 0, --seed a whole one')
console.log(`soak: ${minutes} minutes, --seed ${seed}`)

const server = await SoakServer.start(await makeData(path.resolve('.geoduck/soak')), overload ? OVERLOAD_FLAGS : [])
// Its main thread alone, before all others: on a machine that does other work, its lateness is then its own. Takes root, on Linux.
if (values['real-time']) execFileSync('chrt', ['--rr', '--reset-on-fork', '--pid', '1', String(server.pid)])
const watch = new Watch(server)
const began = performance.now()
const seconds = () => (performance.now() - began) / 1_000
const over = () => seconds() > minutes * 60
const wrong: string[] = []
const done = new Map<string, number>()
const boxes: number[] = []
let refused = 0

async function client(name: string, dice: Dice): Promise<void> {
  while (!over()) {
    try {
      await TASKS[name]!({ url: server.url, dice, onBox: (ms) => boxes.push(ms) })
      done.set(name, (done.get(name) ?? 0) + 1)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      // A queue that is full is an answer.
      const full = text.startsWith('OVERLOADED')
      if (full) refused++
      if (full) await sleep(500)
      else wrong.push(`${name}: ${text}`)
    }
  }
}

async function kill(dice: Dice): Promise<void> {
  while (!over()) {
    await sleep(KILL_MS)
    const workers = watch.samples.at(-1)?.workers.flatMap(({ pid }) => (pid === null ? [] : [pid])) ?? []
    const pid = workers[dice.integer(workers.length)]
    try {
      if (pid) process.kill(pid, dice.integer(2) === 0 ? 'SIGKILL' : 'SIGSEGV')
    } catch {
      // It was gone already.
    }
  }
}

async function look(): Promise<void> {
  while (!over()) {
    await watch.look(seconds())
    await sleep(LOOK_MS)
  }
}

/** mulberry32 */
function diceOf(start: number): Dice {
  let state = start
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return { integer: (limit) => Math.floor(next() * limit) }
}

const names = Object.entries(overload ? OVERLOAD : MIXED).flatMap(([name, count]) => Array.from({ length: count }, () => name))
await Promise.all([look(), overload ? null : kill(diceOf(seed)), ...names.map((name, n) => client(name, diceOf(seed + n + 1)))])

for (let tries = 0; ; tries++) {
  const { streams, queued } = await watch.look(seconds())
  if (streams.running + streams.waiting + streams.parked + queued === 0) break
  if (tries > 20) wrong.push('streams are left though their clients are gone')
  if (tries > 20) break
  await sleep(500)
}
wrong.push(...watch.verdict())
const stopping = performance.now()
process.kill(server.pid, 'SIGTERM')
const code = await server.ended
if (code !== 0) wrong.push(`the server ended with ${code}`)
if (performance.now() - stopping > 10_000) wrong.push('the server took more than 10 s to end')
if (server.left().length > 0) wrong.push(`left behind: ${server.left().join(', ')}`)

const deaths = watch.samples.at(-1)!.workers.reduce((sum, worker) => sum + worker.deaths, 0)
if (overload && deaths > 0) wrong.push(`${deaths} workers died, and nobody killed them`)
if (overload && refused === 0) wrong.push('nobody was turned away')
console.log(
  `done: ${[...done].map(([name, times]) => `${times} ${name}`).join(', ')}; ${refused} turned away, ${deaths} workers died`,
)
console.log(`boxes: median ${median(boxes).toFixed(0)} ms of ${boxes.length}`)
console.log(watch.summary())
for (const line of wrong) console.log(`WRONG ${line}`)
console.log(wrong.length === 0 ? 'soak: passed' : `soak: FAILED, ${wrong.length} wrong`)
process.exit(wrong.length === 0 ? 0 : 1)
