/**
 * The thread that answers introspection. It builds the schema of all layers, which takes a second per thousand layers. It runs JavaScript only, so it
 * cannot end the process, and its memory is limited by `Introspector`.
 */
import { parentPort } from 'node:worker_threads'
import { type GraphQLSchema, parse } from 'graphql'
import { type SchemaLayer, wholeSchema } from '../schema.ts'
import type { FromThread, Question, ToThread } from './messages.ts'
import { AnswerTooLarge, writeIntrospection } from './writer.ts'

const port = parentPort!
const layers: SchemaLayer[] = []
let schema: GraphQLSchema | null = null

port.on('message', (message: ToThread) => {
  if (message.type === 'LAYERS') return void layers.push(...message.layers)
  const answer = answerOf(message.question, message.mostBytes)
  const pieces = answer.type === 'ANSWER' ? Object.values(answer.answer).flat() : []
  port.postMessage(
    answer,
    pieces.map(({ buffer }) => buffer as ArrayBuffer),
  )
})

function answerOf({ source, ...operation }: Question, mostBytes: number): FromThread {
  try {
    schema ??= wholeSchema(layers)
    return { type: 'ANSWER', answer: writeIntrospection(schema, { document: parse(source), ...operation }, mostBytes) }
  } catch (error) {
    if (error instanceof AnswerTooLarge) return { type: 'TOO_LARGE' }
    return { type: 'FAILED', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
