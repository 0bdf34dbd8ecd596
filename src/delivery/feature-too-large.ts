import { askedBy, cursorAt, type Question } from '../ask/question.ts'
import { OperationClock } from '../engines/deadline.ts'
import type { Context } from '../graphql/context.ts'
import { GeoduckError } from '../model/errors.ts'
import { idPrefix } from '../model/feature-id.ts'

/** Reads the id of the question's next feature, whose message would have `bytes`. The error's cursor is the one after that feature. */
export async function featureTooLarge(bytes: number, question: Question, context: Context): Promise<GeoduckError> {
  const outputs = [
    { kind: 'features', fields: [{ key: 'id', field: 'id', prefix: idPrefix(question.query.view.layer) }] },
  ] as const
  const query = { ...question.query, outputs, properties: [] }
  const { engine } = context.services
  // A stream has any time.
  const asker = { ...askedBy(context, question), clock: new OperationClock() }
  const { outputs: made, position } = await engine.page(query, 1, asker, context.operation.signal)
  const [feature] = JSON.parse(Buffer.concat(made[0]!).toString()) as { readonly id: string }[]
  const cursor = position && cursorAt(position, question, context)
  const message = `Feature \`${feature?.id.slice(0, 100)}\` takes a message of ${bytes} bytes (--max-feature-bytes): simplify it, select less, or resume after it.`
  return new GeoduckError('LIMIT_EXCEEDED', message, { details: cursor === null ? {} : { cursor } })
}
