/**
 * Sends the map page, the documentation and the files that they load. All of them are in the package: nothing is loaded from
 * another host.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import send from 'send'
import { docsPolicy, mapPolicy } from './content-policy.ts'
import { hasTag } from './entity-tags.ts'
import { sendJson } from './http-operation.ts'

const PAGE = fileURLToPath(new URL('../web/', import.meta.url))
const MAPLIBRE = path.dirname(fileURLToPath(import.meta.resolve('maplibre-gl/dist/maplibre-gl.css')))
const GRAPHQL_WS = path.dirname(fileURLToPath(import.meta.resolve('graphql-ws')))
const CLIENT = fileURLToPath(new URL('../client/', import.meta.url))
/** True for a server that runs from its sources: the package has compiled files. */
const FROM_SOURCES = import.meta.url.endsWith('.ts')
/** The built documentation: in the package, or where `npm run docs` writes it in a checkout. */
const DOCS = fileURLToPath(new URL(FROM_SOURCES ? '../../.geoduck/docs/' : '../docs/', import.meta.url))

/** URL prefix -> folder, the longest first. */
const FOLDERS: readonly (readonly [prefix: string, root: string])[] = [
  ['/map/maplibre-gl/', MAPLIBRE],
  ['/map/graphql-ws/', GRAPHQL_WS],
  ['/map/client/', CLIENT],
  ['/map/', PAGE],
  ['/docs/', DOCS],
]

/** Browsers ask again whether a file has changed, which an entity tag answers. */
const OPTIONS = { dotfiles: 'ignore', cacheControl: false, lastModified: false } as const

/** Files of these folders whose text contains paths of the server. */
const REBASED: readonly (readonly [root: string, name: RegExp])[] = [
  [PAGE, /^(?:index|health)\.html$/],
  // No part of the path begins with a dot.
  [DOCS, /^(?!\.)(?!.*\/\.)[\w./@~-]+\.(?:html|js|css)$/],
]

/** The paths in such a file: they follow a quote, or the opening bracket of `url(`. */
const PATHS = /(?<=["'`(])\/(?=(?:map|docs)(?:["'`)/]))/g

export class Files {
  readonly #basePath: string
  readonly #mapPolicy: string
  #docsPolicy: string | null = null

  constructor(basePath: string) {
    this.#basePath = basePath
    this.#mapPolicy = mapPolicy(this.#rebased(readFileSync(path.join(PAGE, 'index.html'), 'utf8')))
  }

  /** Sends a file of one of the folders. `send` refuses paths that lead out of the folder. `/map` is the same as `/map/`. */
  send(req: IncomingMessage, res: ServerResponse, pathname: string, notFound: () => void): void {
    const asked = pathname === '/map' || pathname === '/docs' ? `${pathname}/` : pathname
    const folder = FOLDERS.find(([prefix]) => asked.startsWith(prefix))
    if (!folder || req.method !== 'GET') {
      notFound()
      return
    }
    const [prefix, root] = folder
    res.setHeader('cache-control', 'no-cache')
    const policy = root === DOCS ? this.#policyOfDocs() : this.#mapPolicy
    if (policy === null) {
      sendNotBuilt(res)
      return
    }
    res.setHeader('content-security-policy', policy)
    const name = asked.slice(prefix.length) || 'index.html'
    if (root === CLIENT && FROM_SOURCES) {
      sendStripped(res, root, name, notFound)
      return
    }
    // Pages have addresses without `.html`.
    const file = (root === DOCS || root === PAGE) && path.extname(name) === '' ? `${name}.html` : name
    if (this.#basePath !== '' && REBASED.some(([of, names]) => of === root && names.test(file))) {
      this.#sendRebased(req, res, path.join(root, file), notFound)
      return
    }
    send(req, `/${file}`, { ...OPTIONS, root })
      .on('error', ({ status }: { readonly status?: number }) => {
        if (status === 412 || status === 416) sendJson(res, status, { error: 'The file has no such range, or has changed.' })
        else notFound()
      })
      .on('directory', notFound)
      .pipe(res)
  }

  /** Sends a text whose paths begin with the base path. */
  #sendRebased(req: IncomingMessage, res: ServerResponse, file: string, notFound: () => void): void {
    readFile(file, 'utf8').then((text) => {
      const body = this.#rebased(text)
      const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
      res.setHeader('etag', etag)
      if (hasTag(req.headers['if-none-match'], etag)) res.writeHead(304).end()
      else res.writeHead(200, { 'content-type': TYPES[path.extname(file)]!, 'content-length': Buffer.byteLength(body) }).end(body)
    }, notFound)
  }

  #rebased(text: string): string {
    return text.replaceAll(PATHS, `${this.#basePath}/`)
  }

  /**
   * Returns the policy for the documentation, whose pages all have the same inline scripts. Null while the documentation is not
   * built.
   */
  #policyOfDocs(): string | null {
    try {
      this.#docsPolicy ??= docsPolicy(this.#rebased(readFileSync(path.join(DOCS, 'index.html'), 'utf8')))
    } catch {
      // It is not built yet.
    }
    return this.#docsPolicy
  }
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}

/** The page loads itself again: a checkout builds its documentation some seconds after the server is ready. */
function sendNotBuilt(res: ServerResponse): void {
  const page =
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>Geoduck documentation</title><p>The documentation is not built yet. This page loads again every 5 seconds. If it does not appear, run <code>npm run docs</code>.'
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(page), 'retry-after': '5' }
  res.writeHead(503, headers).end(page)
}

/** The modules of a flat folder. Their imports of each other end in `.ts`; the page requests `.js`. */
const NAME = /^([a-z0-9-]+)\.[jt]s$/

function sendStripped(res: ServerResponse, folder: string, asked: string, notFound: () => void): void {
  const name = NAME.exec(asked)?.[1]
  if (name === undefined) {
    notFound()
    return
  }
  readFile(path.join(folder, `${name}.ts`), 'utf8').then((source) => {
    const script = stripTypeScriptTypes(source)
    res
      .writeHead(200, { 'content-type': 'text/javascript; charset=utf-8', 'content-length': Buffer.byteLength(script) })
      .end(script)
  }, notFound)
}
