import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { NODE } from './setup/paths.mjs'

const PARENT_CHECK_MS = 250

/**
 * One Ctrl-C arrives twice, from the terminal and from npm, and so does a kill of the process group. The server would take a second
 * signal as "at once". Signals this close together are one.
 */
const SAME_SIGNAL_MS = 500

/**
 * Runs a program on the pinned Node and ends with it. Signals are passed on once. The program stops when npm dies, and a channel
 * closes when this process is killed. The program has a new process group, so that it receives a terminal's Ctrl-C only from here.
 *
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<number>} its exit code
 */
export function launch(args, { cwd, env } = {}) {
  const child = spawn(NODE, args, { cwd, env, detached: true, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  let lastSignal = 0
  const pass = (signal) => {
    if (Date.now() - lastSignal < SAME_SIGNAL_MS) return
    lastSignal = Date.now()
    child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => pass(signal === 'SIGHUP' ? 'SIGTERM' : signal))

  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    pass('SIGTERM')
  }, PARENT_CHECK_MS)

  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearInterval(watch)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}
