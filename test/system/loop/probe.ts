/**
 * Loaded into a server process by `--import`: how long its main thread holds the event loop. A timer of a millisecond looks at the processor
 * time of the thread: what was spent between two looks is at most a millisecond and one hold. It is not the clock that is read: a thread that
 * waits for a processor holds nothing, and other programs do not make a server slower by it.
 */
import { isMainThread } from 'node:worker_threads'
import koffi from 'koffi'

const EVERY_MS = 1

/** clock_gettime(2): nanoseconds of this thread. Node's own counters, and those of /proc, go in ticks of 4 ms. */
const clock = koffi.load('libc.so.6').func('int clock_gettime(int, _Out_ int64_t *)')
const CLOCK_THREAD_CPUTIME_ID = 3
const time = new BigInt64Array(2)

let before = now()
let longest = 0
/** All holds since the last look. */
let holds: number[] = []
let spent = 0

/** Milliseconds of processor time of this thread. */
function now(): number {
  clock(CLOCK_THREAD_CPUTIME_ID, time)
  return Number(time[0]) * 1_000 + Number(time[1]) / 1e6
}

function look(): void {
  const at = now()
  longest = Math.max(longest, at - before)
  holds.push(at - before)
  spent += at - before
  before = at
}

/** The processes that the server starts inherit its options. */
if (isMainThread && process.argv[1]?.endsWith('main.ts')) {
  setInterval(look, EVERY_MS).unref()
  process.on('message', (message) => {
    if (message !== 'look') return
    look()
    holds.sort((a, b) => a - b)
    process.send?.({ longest, spent, p99: holds[Math.floor(holds.length * 0.99)] })
    holds = []
    longest = 0
    spent = 0
    before = now()
  })
  process.channel?.unref()
}
