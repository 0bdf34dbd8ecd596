/** Brings what the project needs, each thing once: `node scripts/setup.mjs [--build | --docs | --tests]`. Runs before anything is installed. */
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { caddy, chromium, java, nginx, strace } from './setup/debian.mjs'
import { demo } from './setup/demo.mjs'
import { dependencies, dependenciesToServe } from './setup/dependencies.mjs'
import { extension } from './setup/extension.mjs'
import { ROOT } from './setup/paths.mjs'
import { SetupError } from './setup/program.mjs'
import { showSteps } from './setup/progress.mjs'
import { python, s3Store, spark } from './setup/python.mjs'
import { runtime } from './setup/runtime.mjs'
import { ships } from './setup/ships.mjs'
import { site } from './setup/site.mjs'
import { sparkJars } from './setup/spark-jars.mjs'

/** The oldest Node that runs these scripts. They bring the Node that runs everything else. */
const LEAST_NODE = 20

/** Steps of one row do not need each other and run side by side. Each row needs the rows before it. */
const TO_SERVE = [[dependenciesToServe, runtime], [extension, ships], [demo]]
const TO_BUILD = [[dependencies, runtime]]
const TO_DOCUMENT = [[dependenciesToServe, runtime], [site]]
const TO_TEST = [
  [dependencies, runtime],
  [extension, python, s3Store, spark, ships],
  [demo, site],
  [chromium],
  [strace],
  [nginx],
  [caddy],
  [java],
  [sparkJars],
]

/**
 * Does what is not done yet and shows it on stderr. When everything is done, it costs about 20 ms and prints nothing.
 *
 * @param {{ build?: boolean, docs?: boolean, tests?: boolean }} options `build` brings what checks and the build use, `docs` the documentation site; without any, set-up brings what serving uses
 */
export async function setUp({ build = false, docs = false, tests = false }) {
  if (!existsSync(`${ROOT}/node_modules`))
    process.stderr.write('set-up: the first start brings what is missing, into node_modules/ and .geoduck/\n')
  for (const row of tests ? TO_TEST : build ? TO_BUILD : docs ? TO_DOCUMENT : TO_SERVE) {
    const steps = row.filter((step) => !step.isDone())
    if (steps.length === 0) continue
    const show = showSteps()
    const outcomes = await Promise.allSettled(steps.map((step) => show.run(step))).finally(show.end)
    for (const { status, reason } of outcomes) if (status === 'rejected') throw reason
    for (const step of steps) step.finish?.()
  }
}

/** The same for a script: a failed step ends the process with what to do next. */
export async function setUpOrExit(options) {
  const { node } = process.versions
  if (Number.parseInt(node, 10) < LEAST_NODE) {
    process.stderr.write(`The scripts of Geoduck need Node ${LEAST_NODE} or newer. This is Node ${node}, ${process.execPath}.\n`)
    process.exit(1)
  }
  try {
    await setUp(options)
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`)
    process.exit(1)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  // A start that builds the site in the background has a channel to this process. Its end ends the process group.
  if (process.connected) process.once('disconnect', () => process.kill(-process.pid, 'SIGKILL'))
  const isAsked = (name) => process.argv.includes(`--${name}`)
  await setUpOrExit({ build: isAsked('build'), docs: isAsked('docs'), tests: isAsked('tests') })
}
