import { existsSync, readdirSync } from 'node:fs'
import { NODE, ROOT, STATE } from './paths.mjs'
import { program } from './program.mjs'
import { digest, isStamped, stamp } from './stamp.mjs'

const FOLDER = `${STATE}/demo`

/** The demo's layers, made on the machine. */
export const demo = {
  name: 'demo data',

  isDone() {
    return existsSync(`${FOLDER}/countries.parquet`) && existsSync(`${FOLDER}/observations.parquet`) && isStamped('demo', key())
  },

  async run() {
    await program(NODE, [`${ROOT}/scripts/demo/build.ts`, FOLDER], { next: 'Delete .geoduck and start again.' })
    stamp('demo', key())
  },
}

function key() {
  const sources = readdirSync(`${ROOT}/scripts/demo`).sort()
  return digest([...sources.map((name) => `${ROOT}/scripts/demo/${name}`), `${ROOT}/node_modules/world-atlas/package.json`])
}
