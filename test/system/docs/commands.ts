/** Examples of commands and of what they print. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { authority, type Certificate } from '../../support/certificates.ts'
import { checked } from '../../support/graphql.ts'
import { serveObjects } from '../../support/object-server.ts'
import { serve } from '../../support/server.ts'
import type { Example, Place } from './example.ts'
import { withoutFigures } from './likeness.ts'
import { answered } from './questions.ts'

interface Session {
  /** Makes the files that the command needs. */
  readonly before?: (place: Place) => Promise<void>
  /** Where it runs, in the place's folder. */
  readonly below?: string
  /** Output on stderr is not shown. */
  readonly quiet?: boolean
  readonly code?: number
}

/** Lines of the log with the progress of a preparation. One is logged after ten seconds, so only on a busy machine. */
const PROGRESS = /^\{.*"msg":"[^"]*: (?:its file is|its features are|reading,|sorting,) [^"]*"\}\n/gm

/** A command line after a `$`, or described in words, and its output. Figures are not compared. */
export const prints = (command: string | null, { before, below = '', quiet = false, code = 0 }: Session = {}): Example => ({
  blocks: [''],
  async holds(place, text) {
    await before?.(place)
    const [, line, shown] = command === null ? /^\$ ([^\n]*)\n(.*)$/s.exec(text!)! : [null, command, text]
    const ran = await place.shell(quiet ? line! : `${line} 2>&1`, `${place.folder}/${below}`)
    expect(withoutFigures(ran.stdout.replaceAll(PROGRESS, ''))).toBe(withoutFigures(shown!))
    expect(ran.code).toBe(code)
  },
})

/** A configuration file of that name, and a command that reads it. */
export const printsWith = (name: string): Example => ({
  blocks: ['yaml', ''],
  async holds(place, file, text) {
    await writeFile(join(place.folder, name), file!)
    await prints(null).holds!(place, text!)
  },
})

/** A question to a server of an object of a web server, which was not asked before. */
export const answeredFromRemote: Example = {
  blocks: ['graphql', 'json'],
  async holds(place, question, shown) {
    const objects = await serveObjects(join(place.folder, 'data'))
    const server = await serve([`${objects.url}/places.parquet`])
    try {
      await checked(server)
      await answered.holds!({ ...place, url: server.url }, question!, shown!)
    } finally {
      await server.close()
      await objects.close()
    }
  },
}

/** A configuration file with an object of a web server, and a command that reads it. */
export const remoteWith = (name: string): Example => ({
  blocks: ['yaml', ''],
  async holds(place, file, text) {
    const objects = await serveObjects(join(place.folder, 'data'))
    try {
      await writeFile(join(place.folder, 'prepare', name), file!.replace('https://data.example.org', objects.url))
      await prints(null, { below: 'prepare', quiet: true }).holds!(place, text!)
    } finally {
      await objects.close()
    }
  },
})

/** A command that reads an object of a web server, in a folder without a configuration file, which would have layers. */
export const remote = (code: number, certificate: Certificate | null = null): Example => ({
  blocks: [''],
  async holds(place, text) {
    const objects = await serveObjects(join(place.folder, 'data'), certificate)
    try {
      await prints(null, { below: 'prepare', quiet: true, code }).holds!(
        { ...place, shell: (line, cwd) => place.shell(line.replace(/https:\/\/\w+\.example\.org/, objects.url), cwd) },
        text!,
      )
    } finally {
      await objects.close()
    }
  },
})

/** The same of a server whose certificate is of an authority that nobody knows. */
export const secure: Example = {
  blocks: [''],
  async holds(place, text) {
    await remote(1, authority(place.folder).certify('IP:127.0.0.1')).holds!(place, text!)
  },
}
