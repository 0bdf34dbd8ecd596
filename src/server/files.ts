/** The map page and what it loads, out of the package: nothing comes from another host. */

import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import send from 'send'
import { MAP_POLICY } from './content-policy.ts'

const PAGE = fileURLToPath(new URL('../web/', import.meta.url))
const MAPLIBRE = path.dirname(fileURLToPath(import.meta.resolve('maplibre-gl/dist/maplibre-gl.css')))
const GRAPHQL_WS = path.dirname(fileURLToPath(import.meta.resolve('graphql-ws')))
const CLIENT = fileURLToPath(new URL('../client/', import.meta.url))

/** URL prefix -> folder, the longest first. */
const FOLDERS: readonly (readonly [prefix: string, root: string])[] = [
  ['/map/maplibre-gl/', MAPLIBRE],
  ['/map/graphql-ws/', GRAPHQL_WS],
  ['/map/client/', CLIENT],
  ['/map/', PAGE],
]

/** Browsers ask again whether a file has changed, which an entity tag answers. */
const OPTIONS = { dotfiles: 'ignore', cacheControl: false, lastModified: false } as const

/** `send` keeps to the folder, whatever the path says. `/map` is `/map/`. */
export function sendFile(req: IncomingMessage, res: ServerResponse, pathname: string, notFound: () => void): void {
  const asked = pathname === '/map' ? '/map/' : pathname
  const folder = FOLDERS.find(([prefix]) => asked.startsWith(prefix))
  if (!folder || (req.method !== 'GET' && req.method !== 'HEAD')) {
    notFound()
    return
  }
  const [prefix, root] = folder
  res.setHeader('cache-control', 'no-cache')
  res.setHeader('content-security-policy', MAP_POLICY)
  if (root === CLIENT && FROM_SOURCES) {
    sendStripped(res, root, asked.slice(prefix.length), notFound)
    return
  }
  send(req, `/${asked.slice(prefix.length)}`, { ...OPTIONS, root })
    .on('error', notFound)
    .on('directory', notFound)
    .pipe(res)
}

/** For a server that runs from its sources: the client's modules without their types, as browsers read them. The package has compiled ones. */
const FROM_SOURCES = import.meta.url.endsWith('.ts')

/** A flat folder's modules; what they import of each other ends in .ts, what the page asks for in .js. */
const NAME = /^([a-z0-9-]+)\.[jt]s$/

function sendStripped(res: ServerResponse, folder: string, asked: string, notFound: () => void): void {
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
