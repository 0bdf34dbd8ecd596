/** For a server that runs from its sources: the client's modules without their types, as browsers read them. The package has compiled ones. */
import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'

export const FROM_SOURCES = import.meta.url.endsWith('.ts')

/** A flat folder's modules; what they import of each other ends in .ts, what the page asks for in .js. */
const NAME = /^([a-z0-9-]+)\.[jt]s$/

export function sendStripped(res: ServerResponse, folder: string, asked: string, notFound: () => void): void {
  const name = NAME.exec(asked)?.[1]
  if (name === undefined) {
    notFound()
    return
  }
  readFile(path.join(folder, `${name}.ts`), 'utf8').then((source) => {
    res.setHeader('content-type', 'text/javascript; charset=utf-8')
    res.end(stripTypeScriptTypes(source))
  }, notFound)
}
