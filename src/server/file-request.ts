/** The beginning of every request for a file: a download, or a tile. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { failed } from '../delivery/client-error.ts'
import type { Operation } from '../delivery/operation.ts'
import { GeoduckError } from '../model/errors.ts'
import { type Access, allowOrigin, isForeign, type Origins, unauthenticated } from './access.ts'
import { beginOverHttp, type HttpOperations, refuse } from './http-operation.ts'

export interface FileRequest {
  /** True if only the headers are sent. */
  readonly isHead: boolean
  readonly notFound: () => void
}

interface FileOptions extends HttpOperations {
  readonly access: Access
  readonly origins: Origins
  /** Methods, as in the header `Allow`. */
  readonly methods: string
  /** Names in messages what pages of other origins may not do. */
  readonly verb: string
}

/** Answers the request in every case: by `send`, if its origin and its token may have the file, and else by an error. */
export async function answerFile(
  req: IncomingMessage,
  res: ServerResponse,
  options: FileOptions,
  send: (operation: Operation) => Promise<void>,
): Promise<void> {
  const allowed = allowOrigin(req, res, options.origins, options.methods) && !isForeign(req)
  if (req.method === 'OPTIONS') return void res.writeHead(204).end()
  const operation = beginOverHttp(req, res, options)
  try {
    if (!allowed)
      throw new GeoduckError('BAD_INPUT', `A page of this origin may not ${options.verb}; \`--origins\` lists those that may.`)
    if (!options.access.allows(req.headers.authorization)) throw unauthenticated()
    if (operation.refusal) throw operation.refusal
    await options.operations.start(operation)
    await send(operation)
  } catch (error) {
    refuse(res, failed(error, operation), allowed ? undefined : 403)
  }
}
