import { GeoduckError } from '../../../model/errors.ts'

export function overloaded(
  limit: 'queue-length' | 'queue-timeout',
  { queueSeconds }: { readonly queueSeconds: number },
): GeoduckError {
  const retryAfter = Math.max(1, Math.ceil(queueSeconds / 2))
  return new GeoduckError('OVERLOADED', `Too many operations wait for a worker (--${limit}); ask again in ${retryAfter} s.`, {
    details: { retryAfter },
  })
}

export function versionGone(): GeoduckError {
  return new GeoduckError('SOURCE_CHANGED', 'The data changed before it was read; ask again.')
}
