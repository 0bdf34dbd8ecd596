/** Values that a setting takes, made from what its schema says, so that a new setting is tested like the others. */
import { z } from 'zod'
import type { Setting } from '../../../src/config/settings.ts'

export interface Sample {
  /** In a file. */
  readonly json: unknown
  /** On the command line and in the environment. */
  readonly text: string
  /** The resolved configuration. */
  readonly value: unknown
}

/** Three that differ from each other. */
export function samplesOf({ value, isPath }: Setting): readonly [Sample, Sample, Sample] {
  const schema = z.toJSONSchema(value.json, { io: 'input' })
  const samples = [1, 2, 3].map((n) => sample(schema, n, isPath === true || value.takes.startsWith('a path')))
  return samples as unknown as readonly [Sample, Sample, Sample]
}

function sample(schema: z.core.JSONSchema.BaseSchema, n: number, isPath: boolean): Sample {
  const any = schema as { type?: string; enum?: string[]; minimum?: number; maximum?: number; anyOf?: unknown[]; items?: unknown }
  if (any.anyOf) {
    // A size, or a number among other things.
    const isSize = any.anyOf.some((other) => (other as { type?: string }).type === 'string')
    return isSize ? { json: `${n}GB`, text: `${n}GB`, value: n * 1e9 } : same(n)
  }
  if (any.enum) return same(any.enum[n % any.enum.length]!)
  if (any.type === 'integer') return { ...same((any.minimum ?? 0) + n), text: String((any.minimum ?? 0) + n) }
  // A share, or seconds.
  if (any.type === 'number') return any.maximum === 1 ? same(n / 10) : same(n + 0.5)
  if (any.type === 'boolean') return { ...same(n % 2 === 1), text: String(n % 2 === 1) }
  if (any.type === 'array') {
    // Origins, or names of hosts.
    const scheme = (any.items as { format?: string }).format === 'uri' ? 'https://' : ''
    const list = Array.from({ length: n }, (_, k) => `${scheme}${'abc'[k]}.example`)
    return { json: list, text: list.join(','), value: list }
  }
  return same(isPath ? `/nowhere/${n}` : `a-text-that-is-long-enough-${n}`)
}

function same<T>(value: T): { json: T; text: string; value: T } {
  return { json: value, text: String(value), value }
}
