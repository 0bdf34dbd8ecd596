/** What a flag or an environment variable may hold: text in, one checked value out. */
import { isIP } from 'node:net'
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

const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal']

/** A number of hops, or addresses, networks (`10.0.0.0/8`) and their names, separated by commas. */
export const proxies: Value<number | readonly string[]> = {
  takes: `how many proxies there are, or their addresses and networks (such as 10.0.0.0/8, ${NAMED_NETWORKS.join(', ')}), separated by commas`,
  schema: z
    .string()
    .transform((list) => (/^\d{1,2}$/.test(list) ? Number(list) : list.split(',').map((proxy) => proxy.trim())))
    .refine((proxies) => typeof proxies === 'number' || proxies.every(isNetwork)),
}

function isNetwork(proxy: string): boolean {
  const [address = '', bits] = proxy.split('/')
  if (bits === undefined && NAMED_NETWORKS.includes(proxy)) return true
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return most > 0 && (bits === undefined || (Number(bits) >= 1 && /^\d{1,3}$/.test(bits) && Number(bits) <= most))
}

/** What fits behind `Bearer ` in a header. */
export const bearer: Value<string> = {
  takes: 'at least 16 characters: letters, digits and signs, no blanks',
  schema: z.string().regex(/^[!-~]{16,}$/),
}
