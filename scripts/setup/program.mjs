import { spawn } from 'node:child_process'
import { ROOT } from './paths.mjs'

/** A step failed; the message says what to do next. */
export class SetupError extends Error {}

const END = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program to its end and returns what it wrote to stdout. A signal that ends this process ends the program, so that the next
 * start does not meet an install that still runs.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ next: string, cwd?: string, env?: NodeJS.ProcessEnv }} options `next`: what to do when it fails
 */
export async function program(program, args, { next, cwd = ROOT, env = process.env }) {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const end = () => child.kill()
  for (const signal of END) process.on(signal, end)
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)]
  const failure = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code === 0 ? null : `ended with ${signal ?? code}`))
  })
  for (const signal of END) process.off(signal, end)
  if (failure !== null) throw new SetupError(`${[program, ...args].join(' ')}: ${failure}\n${(await stderr).trim()}\n${next}`)
  return (await stdout).trim()
}

async function text(stream) {
  let all = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) all += chunk
  return all
}
