/** What a setting may hold, as text (a flag, an environment variable) and as JSON (a configuration file): one checked value out of both. */
import { z } from 'zod'
import { parseSize } from './size.ts'

export interface Value<T> {
  /** Ends the sentence "It takes ...". */
  readonly takes: string
  /** Of a flag or a variable of the environment. */
  readonly schema: z.ZodType<T, string>
  /** Of a member of the configuration file. */
  readonly json: z.ZodType<T>
}

export function wholeNumber(min: number, max: number): Value<number> {
  return {
    takes: `a whole number from ${min} to ${max}`,
    schema: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max)),
    json: z.int().min(min).max(max),
  }
}

export function seconds(min: number, max: number): Value<number> {
  return {
    takes: `seconds, from ${min} to ${max}`,
    schema: z
      .string()
      .regex(/^\d+(\.\d+)?$/)
      .transform(Number)
      .pipe(z.number().min(min).max(max)),
    json: z.number().min(min).max(max),
  }
}

export function size(min: string): Value<number> {
  const least = parseSize(min)!
  const schema = z
    .string()
    .transform((text) => parseSize(text) ?? Number.NaN)
    .pipe(z.number().min(least))
  return {
    takes: `a size of at least ${min}, such as 512MB or 4GB`,
    schema,
    json: z.union([z.int().min(least), schema]),
  }
}

export function oneOf<const Name extends string>(names: readonly Name[]): Value<Name> {
  return { takes: `one of ${names.join(', ')}`, schema: z.string().pipe(z.enum(names)), json: z.enum(names) }
}

export function text(takes: string, minLength = 1): Value<string> {
  const schema = z.string().min(minLength)
  return { takes, schema, json: schema }
}

export const yesOrNo: Value<boolean> = {
  takes: 'true or false',
  schema: z.enum(['true', 'false']).transform((word) => word === 'true'),
  json: z.boolean(),
}

const originList = z.array(z.url({ protocol: /^https?$/ }).refine((origin) => new URL(origin).origin === origin))

/** Comma-separated, or a list, as a browser sends each in its `Origin` header. */
export const origins: Value<readonly string[]> = {
  takes: 'one or more origins such as https://maps.example.org',
  schema: z
    .string()
    .transform((list) => list.split(',').map((origin) => origin.trim()))
    .pipe(originList),
  json: originList,
}
