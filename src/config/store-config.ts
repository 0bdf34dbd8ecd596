/** A store of objects in the configuration file, with its credentials. */
import { z } from 'zod'
import { type Member, type MemberFault, schemaOf } from './layer-config.ts'

export const SECRET_TAKES = '$ and the name of an environment variable that is set, such as $LAND_SECRET'

/** The file holds only names. Their values are read when a request is sent, so they are in no configuration that could be shown. */
export const secret = z.string().regex(/^\$[A-Za-z_]\w*$/)
const httpAddress = z.url({ protocol: /^https?$/ })

export const STORE_MEMBERS = {
  url: {
    takes: 's3:// with a bucket, or https:// with a host, and optionally the beginning of a path; no other store has it',
    description: 'The beginning of the addresses that are read with these members. Of several, the longest counts.',
    schema: z.string().regex(/^(s3|https):\/\/[^/?#@\s]+(\/[^?#]*)?$/),
  },
  endpoint: {
    takes: 'the address of a store with the interface of S3, such as https://objects.example.org',
    description: 'The address of the store, if it is not that of AWS.',
    schema: httpAddress.optional(),
  },
  region: { takes: 'text', description: 'The region of the bucket.', schema: z.string().min(1).optional() },
  profile: {
    takes: "the name of a profile of AWS's own programs, if there is no accessKeyId",
    description: "The profile of AWS's own programs that has the credentials.",
    schema: z.string().min(1).optional(),
  },
  accessKeyId: {
    takes: `${SECRET_TAKES}, and a secretAccessKey beside it`,
    description: 'The environment variable with the id of the key, as $NAME.',
    schema: secret.optional(),
  },
  secretAccessKey: {
    takes: `${SECRET_TAKES}, and an accessKeyId beside it`,
    description: 'The environment variable with the secret of the key, as $NAME.',
    schema: secret.optional(),
  },
  sessionToken: {
    takes: `${SECRET_TAKES}, and an accessKeyId beside it`,
    description: 'The environment variable with the token of a temporary key, as $NAME.',
    schema: secret.optional(),
  },
  token: {
    takes: SECRET_TAKES,
    description: 'The environment variable with the token that a web server requires (Authorization: Bearer), as $NAME.',
    schema: secret.optional(),
  },
  headers: {
    takes: `by header, such as X-Api-Key: ${SECRET_TAKES}`,
    description: 'Headers that a web server requires: for each, the environment variable with its value, as $NAME.',
    schema: z.record(z.string().regex(/^[\w-]+$/), secret).optional(),
  },
} as const satisfies Record<string, Member>

export const storeSchema = schemaOf(STORE_MEMBERS)

/** A store as written in the file: its credentials are names of environment variables. */
export type StoreConfig = Readonly<z.infer<typeof storeSchema>>

type Name = keyof typeof STORE_MEMBERS

const OF_S3: readonly Name[] = ['endpoint', 'region', 'profile', 'accessKeyId', 'secretAccessKey', 'sessionToken']
const OF_WEB: readonly Name[] = ['token', 'headers']
/** Headers that are part of each read. */
const OWN_HEADERS = /^(accept-encoding|connection|content-.*|host|if-.*|range|transfer-encoding|user-agent)$/i
/** Matches a value that a header can hold. */
const VISIBLE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/

/** Returns the faults that several members together show, or the environment. */
export function storeFaults(stores: readonly StoreConfig[]): MemberFault[] {
  return stores.flatMap((store, index) => {
    const fault = (name: Name, takes: string = STORE_MEMBERS[name].takes) => ({ path: ['stores', index, name], takes })
    const isOfS3 = store.url.startsWith('s3:')
    const foreign = (isOfS3 ? OF_WEB : OF_S3).filter((name) => store[name] !== undefined)
    const { accessKeyId, secretAccessKey, sessionToken, profile, token, headers = {} } = store
    const references = { accessKeyId, secretAccessKey, sessionToken, token }
    const unset = (Object.keys(references) as (keyof typeof references)[]).filter((name) => !isSet(references[name]))
    const alone = [
      accessKeyId && !secretAccessKey && ('secretAccessKey' as const),
      (secretAccessKey || sessionToken) && !accessKeyId && ('accessKeyId' as const),
    ].filter((name) => !!name)
    return [
      ...(stores.findIndex(({ url }) => url === store.url) < index ? [fault('url')] : []),
      ...foreign.map((name) => fault(name, `nothing for ${isOfS3 ? 's3://' : 'https://'}: leave it out`)),
      ...[...unset, ...alone].map((name) => fault(name)),
      ...(profile && accessKeyId ? [fault('profile')] : []),
      ...Object.entries(headers)
        .filter(([name, value]) => !isSet(value) || OWN_HEADERS.test(name))
        .map(() => fault('headers')),
    ]
  })
}

/** True if the environment has a value that a header can hold. */
export function isSet(reference: string | undefined): boolean {
  return reference === undefined || VISIBLE.test(process.env[reference.slice(1)] ?? '')
}
