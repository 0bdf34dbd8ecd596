import type { IncomingMessage, ServerResponse } from 'node:http'
import { originAllowed } from './origins.ts'

/** Lets the pages of allowed origins read the response. False: the request is of a page of another origin. */
export function allowOrigin(req: IncomingMessage, res: ServerResponse, listed: readonly string[], methods: string): boolean {
  const { origin, host } = req.headers
  res.setHeader('vary', 'origin')
  if (!originAllowed(origin, host, listed)) return false
  if (origin === undefined) return true
  res.setHeader('access-control-allow-origin', origin)
  res.setHeader('access-control-allow-methods', methods)
  res.setHeader('access-control-allow-headers', 'accept, authorization, content-type')
  res.setHeader('access-control-expose-headers', 'x-request-id')
  return true
}
