/** A server in a separate process, with `inside.ts` in it and in its workers: `serve.ts FOLDER PATH...`. Prints its URL and the workers' ids. */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { serve } from '../../support/server.ts'

const [folder, ...sources] = process.argv.slice(2)
const inside = `${pathToFileURL(join(import.meta.dirname, 'inside.ts')).href}?folder=${encodeURIComponent(folder ?? '')}`
const server = await serve(sources, { workers: 1 }, ['--import', inside])
process.stdout.write(`ready ${server.url}\n`)
