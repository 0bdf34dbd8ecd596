/** What a flag or an environment variable may hold: text in, one checked value out. */
import { z } from 'zod'
import { parseSize } from './size.ts'

export interface Value<T> {
  /** Ends the sentence "It takes ...". */
  readonly takes: string
  readonly schema: z.ZodType<T, string>
}

export function wholeNumber(min: number, max: number): Value<number> {
  return {
    takes: `a whole number from ${min} to ${max}`,
    schema: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max)),
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
  }
}

export const share: Value<number> = {
  takes: 'a number from 0.01 to 1',
  schema: z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number)
    .pipe(z.number().min(0.01).max(1)),
}

export function size(min: string): Value<number> {
  return {
    takes: `a size of at least ${min}, such as 512MB or 4GB`,
    schema: z
      .string()
      .transform((text) => parseSize(text) ?? Number.NaN)
      .pipe(z.number().min(parseSize(min)!)),
  }
}

export function oneOf<const Name extends string>(names: readonly Name[]): Value<Name> {
  return { takes: `one of ${names.join(', ')}`, schema: z.string().pipe(z.enum(names)) }
}

export function text(takes: string, minLength = 1): Value<string> {
  return { takes, schema: z.string().min(minLength) }
}

export const yesOrNo: Value<boolean> = {
  takes: 'true or false',
  schema: z.enum(['true', 'false']).transform((word) => word === 'true'),
}

/** Comma-separated, as a browser sends each in its `Origin` header. */
export const origins: Value<readonly string[]> = {
  takes: 'origins such as https://maps.example.org, separated by commas',
  schema: z
    .string()
    .transform((list) => list.split(',').map((origin) => origin.trim()))
    .pipe(z.array(z.url({ protocol: /^https?$/ }).refine((origin) => new URL(origin).origin === origin))),
}
