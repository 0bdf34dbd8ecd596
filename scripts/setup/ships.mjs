import { existsSync, readdirSync } from 'node:fs'
import { NODE, ROOT, STATE } from './paths.mjs'
import { program } from './program.mjs'
import { digest, isStamped, stamp } from './stamp.mjs'

const FOLDER = `${STATE}/ships`

/** The live layer of the demo. */
export const ships = {
  name: 'demo ships',

  isDone() {
    return existsSync(`${FOLDER}/demo.json`) && isStamped('ships', key())
  },

  async run() {
    await program(NODE, [`${ROOT}/scripts/ships/build.ts`, FOLDER], { next: 'Delete .geoduck and start again.' })
    stamp('ships', key())
  },
}

/** The store has the form that this version of the server reads. */
function key() {
  const sources = readdirSync(`${ROOT}/scripts/ships`).sort()
  const store = ['host/live-store.ts', 'processes/live/writer.ts'].map((name) => `${ROOT}/src/engines/duckdb/${name}`)
  return digest([
    ...sources.map((name) => `${ROOT}/scripts/ships/${name}`),
    ...store,
    `${ROOT}/node_modules/world-atlas/package.json`,
  ])
}
