import { GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'
import { formatError, toClientError } from '../../../src/delivery/client-error.ts'
import { ERROR_CODES, type ErrorCode, GeoduckError } from '../../../src/model/errors.ts'

function shown(error: unknown, signal = new AbortController().signal) {
  const defects: unknown[] = []
  const owner = { id: 'id-1', onDefect: (defect: unknown) => defects.push(defect), signal }
  return { ...formatError(toClientError(error, owner)), defects }
}

describe('an error that a client sees', () => {
  it('is the one that was thrown on purpose, with code, retry and details', () => {
    const details = { retryAfter: 3, cursor: 'c' }
    const { message, extensions, defects } = shown(
      new GeoduckError('OVERLOADED', 'Ask again.', { details, cause: new Error('/secret') }),
    )
    expect({ message, extensions }).toEqual({
      message: 'Ask again.',
      extensions: { code: 'OVERLOADED', retry: true, retryAfter: 3, cursor: 'c' },
    })
    expect(defects).toEqual([])
  })

  it.each(Object.entries(ERROR_CODES).filter(([code]) => code !== 'INTERNAL'))(
    'with code %s says whether a retry may help',
    (code, [, retry]) => {
      expect(shown(new GeoduckError(code as ErrorCode, 'm')).extensions).toEqual({ code, retry })
    },
  )

  it('keeps its place in the document and in the response', () => {
    const located = new GraphQLError('m', { path: ['features', 0], originalError: new GeoduckError('BAD_INPUT', 'Wrong.') })
    expect(shown(located)).toMatchObject({ message: 'Wrong.', path: ['features', 0], extensions: { code: 'BAD_INPUT' } })
  })

  it("is BAD_INPUT when it is GraphQL's own", () => {
    expect(shown(new GraphQLError('Cannot query field "x".')).extensions).toEqual({ code: 'BAD_INPUT', retry: false })
    const wrapped = new GraphQLError('Variable "$b" got invalid value', { originalError: new GraphQLError('A BBox is a list') })
    expect(shown(wrapped).extensions?.['code']).toBe('BAD_INPUT')
  })

  it.each([new Error('IO Error: /etc/passwd'), new TypeError('x is undefined'), 'text', null])(
    'is INTERNAL under a correlation id and nothing else: %s',
    (error) => {
      const { message, extensions, defects } = shown(error)
      expect(message).toBe('A defect of the server; its log has it under id-1.')
      expect(extensions).toEqual({ code: 'INTERNAL', retry: false, correlationId: 'id-1' })
      expect(defects).toEqual([error])
    },
  )

  it('is INTERNAL under a correlation id too where the code was thrown on purpose, and keeps its cursor', () => {
    const thrown = new GeoduckError('INTERNAL', 'The query on x failed.', {
      cause: new Error('/secret'),
      details: { cursor: 'c' },
    })
    const { message, extensions, defects } = shown(thrown)
    expect(message).toBe('A defect of the server; its log has it under id-1.')
    expect(extensions).toEqual({ code: 'INTERNAL', retry: false, correlationId: 'id-1', cursor: 'c' })
    expect(defects).toEqual([thrown])
  })

  it('is INTERNAL where a value of ours does not fit the schema', () => {
    const thrown = new GraphQLError('Int cannot represent non-integer value: 1.5')
    const { extensions, defects } = shown(new GraphQLError(thrown.message, { path: ['health'], originalError: thrown }))
    expect(extensions).toMatchObject({ code: 'INTERNAL', correlationId: 'id-1' })
    expect(defects).toEqual([thrown])
  })

  it('is logged where the client has gone, unless that is the reason', () => {
    const signal = AbortSignal.abort()
    const gone = Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
    for (const reason of [signal.reason, gone]) expect(shown(reason, signal).defects).toEqual([])
    const defect = new TypeError('x is undefined')
    expect(shown(defect, signal)).toMatchObject({ extensions: { correlationId: 'id-1' }, defects: [defect] })
  })
})
