/**
 * Describes the values of a setting as text (a flag, an environment variable) and as JSON (a configuration file). Both become
 * one checked value.
 */
import { isIP } from 'node:net'
import { z } from 'zod'
import { parseSize } from './size.ts'

export interface Value<T> {
  /** Completes the sentence "It takes ...". */
  readonly takes: string
  /** Reads a flag or an environment variable. */
  readonly schema: z.ZodType<T, string>
  /** Reads a member of the configuration file. */
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

export const share: Value<number> = {
  takes: 'a number from 0.01 to 1',
  schema: z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number)
    .pipe(z.number().min(0.01).max(1)),
  json: z.number().min(0.01).max(1),
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

/** Origins, separated by commas or as a list, as a browser sends them in its `Origin` header. */
export const origins: Value<readonly string[]> = {
  takes: 'one or more origins such as https://maps.example.org',
  schema: z
    .string()
    .transform((list) => list.split(',').map((origin) => origin.trim()))
    .pipe(originList),
  json: originList,
}

const hostList = z.array(z.string().refine(isHostName))

/** Names and addresses, separated by commas or as a list, as clients write them in `Host`, without a port. */
export const hostNames: Value<readonly string[]> = {
  takes: 'one or more host names or addresses without a port, such as maps.example.org',
  schema: z
    .string()
    .transform((list) => list.split(',').map((host) => host.trim()))
    .pipe(hostList),
  json: hostList,
}

/** Returns the origin in the form of a browser, which is the form that is compared. */
function isHostName(host: string): boolean {
  return URL.canParse(`http://${host}/`) && new URL(`http://${host}/`).host === host.toLowerCase() && !/:\d+$/.test(host)
}

/** The first parts of the server's own paths. Below one of them, a path could mean two things. */
const OWN_PATHS = 'docs|download|graphiql|graphql|health|map|metrics|ready'

const pathPrefix = z
  .string()
  .transform((path) => path.replace(/\/$/, ''))
  .pipe(z.string().regex(new RegExp(`^(?!/(?:${OWN_PATHS})(?:/|$))(?:/(?!\\.{1,2}(?:/|$))[\\w.~-]+)*$`)))

/** A path without a slash at its end. `/` is no path. */
export const basePath: Value<string> = {
  takes: `a path such as /geo that does not begin with one of the server's own (${OWN_PATHS.replaceAll('|', ', ')})`,
  schema: pathPrefix,
  json: pathPrefix,
}

const name = z.string().regex(/^[\w.:-]{1,64}$/)

/** Safe in a header. */
export const serverName: Value<string> = {
  takes: 'up to 64 letters, digits and . : - _',
  schema: name,
  json: name,
}

const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal']

const networks = z.array(z.string().refine(isNetwork))

/** The number of hops, or addresses, networks (`10.0.0.0/8`) and their names, separated by commas. */
export const proxies: Value<number | readonly string[]> = {
  takes: `how many proxies there are, or their addresses and networks (such as 10.0.0.0/8, ${NAMED_NETWORKS.join(', ')}), separated by commas`,
  schema: z
    .string()
    .transform((list) => (/^\d{1,2}$/.test(list) ? Number(list) : list.split(',').map((proxy) => proxy.trim())))
    .pipe(z.union([z.number(), networks])),
  json: z.union([z.int().min(0).max(99), networks]),
}

function isNetwork(proxy: string): boolean {
  const [address = '', bits] = proxy.split('/')
  if (bits === undefined && NAMED_NETWORKS.includes(proxy)) return true
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return most > 0 && (bits === undefined || (Number(bits) >= 1 && /^\d{1,3}$/.test(bits) && Number(bits) <= most))
}

const visible = z.string().regex(/^[!-~]{16,}$/)

/** A text that is valid after `Bearer ` in a header. */
export const bearer: Value<string> = {
  takes: 'at least 16 characters: letters, digits and signs, no blanks',
  schema: visible,
  json: visible,
}
