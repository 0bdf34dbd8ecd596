import { toQuestion } from '../../ask/question.ts'
import { BATCH_SIZE, EVERY_MS, inRange, LIMIT } from '../../ask/range.ts'
import { BatchEvents } from '../../delivery/batch-events.ts'
import type { SubscriptionResolvers } from '../generated.ts'
import { HealthEvents } from '../health-events.ts'
import { selectOutputs } from '../selection.ts'

export const subscription: SubscriptionResolvers = {
  featureBatches: {
    subscribe: async (_root, args, context, info) => {
      const batchSize = inRange('batchSize', args.batchSize, BATCH_SIZE)
      if (typeof args.limit === 'number') inRange('limit', args.limit, LIMIT)
      const question = await toQuestion(args, context, (asked) => selectOutputs(info, asked))
      return new BatchEvents(question, { batchSize, message: question.selection.message }, context)
    },
  },

  health: {
    subscribe: (_root, args, { services, operation }) => {
      const everyMs = inRange('everyMs', args.everyMs, EVERY_MS)
      const subscription = { everyMs, address: operation.address, subscribers: services.healthSubscribers }
      const signals = { left: operation.signal, stopping: services.stopping }
      return new HealthEvents(() => services.health(EVERY_MS[0]), subscription, signals)
    },
  },
}
