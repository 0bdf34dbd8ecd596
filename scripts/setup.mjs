/** Brings what the project needs, each thing once: `node scripts/setup.mjs [--tests]`. Runs on any Node from 20 on, before anything is installed. */
import { pathToFileURL } from 'node:url'
import { chromium } from './setup/chromium.mjs'
import { demo } from './setup/demo.mjs'
import { dependencies } from './setup/dependencies.mjs'
import { extension } from './setup/extension.mjs'
import { SetupError } from './setup/program.mjs'
import { python } from './setup/python.mjs'
import { runtime } from './setup/runtime.mjs'
import { strace } from './setup/strace.mjs'

const TO_SERVE = [dependencies, runtime, extension, demo]
const TO_TEST = [...TO_SERVE, python, chromium, strace]

/**
 * Does what is not done yet, one line a step on stderr. When all is done it costs some 20 ms and says nothing.
 *
 * @param {{ tests: boolean }} options
 */
export async function setUp({ tests }) {
  for (const step of tests ? TO_TEST : TO_SERVE) {
    if (step.isDone()) continue
    const began = Date.now()
    process.stderr.write(`set-up: ${step.name} ... `)
    try {
      const remark = await step.run()
      process.stderr.write(`${remark ?? `done in ${((Date.now() - began) / 1000).toFixed(1)} s`}\n`)
    } catch (error) {
      process.stderr.write('FAILED\n')
      throw error
    }
  }
}

/** The same for a script: a failed step ends the process with what to do next. */
export async function setUpOrExit(options) {
  try {
    await setUp(options)
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`)
    process.exit(1)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await setUpOrExit({ tests: process.argv.includes('--tests') })
