/** Addresses, credentials and signatures of requests to S3, and to stores with its interface. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { AwsV4Signer } from 'aws4fetch'
import type { Method, Target } from './http-store.ts'
import { type StoreOptions, secretOf } from './store.ts'

export interface Access {
  readonly endpoint: string | undefined
  readonly region: string
  /** Null: requests are not signed, as for public data. */
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string } | null
}

/** Returns the address of `s3://BUCKET/KEY` over HTTP, with the headers of its signature. The key is encoded as in a URL. */
export async function signed(access: Access, address: string, headers: Record<string, string>, method: Method): Promise<Target> {
  const url = httpAddress(new URL(address), access)
  const { keys, region } = access
  if (!keys) return { url, headers }
  const signer = new AwsV4Signer({ ...keys, url: url.href, headers, method, service: 's3', region })
  const { headers: all } = await signer.sign()
  return { url, headers: Object.fromEntries(all) }
}

/** A bucket with a dot would not match the certificate of the store as a part of its host. */
function httpAddress({ host: bucket, pathname, search }: URL, { endpoint, region }: Access): URL {
  const rest = `${asSigned(pathname)}${search}`
  if (endpoint !== undefined) return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}${rest}`)
  const store = `s3.${region}.amazonaws.com`
  return new URL(bucket.includes('.') ? `https://${store}/${bucket}${rest}` : `https://${bucket}.${store}${rest}`)
}

/** Some stores compare the signature with the path as it was sent, so it is sent in the form that is signed (RFC 3986). */
function asSigned(pathname: string): string {
  const escaped = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  const encoded = (part: string) => encodeURIComponent(decodeURIComponent(part)).replace(/[!'()*]/g, escaped)
  return pathname.split('/').map(encoded).join('/')
}

/** The configuration counts, and then, by the names of AWS's own programs, the environment and the profile. */
export async function readAccess(options: Partial<StoreOptions>): Promise<Access> {
  const { env } = process
  const name = options.profile ?? env['AWS_PROFILE'] ?? 'default'
  const folder = path.join(homedir(), '.aws')
  const profile = {
    ...(await profileIn(env['AWS_CONFIG_FILE'] ?? path.join(folder, 'config'), name)),
    ...(await profileIn(env['AWS_SHARED_CREDENTIALS_FILE'] ?? path.join(folder, 'credentials'), name)),
  }
  // A profile that is named in the configuration is not mixed with the environment.
  const inEnvironment = env['AWS_ACCESS_KEY_ID'] !== undefined && options.profile === undefined
  const configured = [options.accessKeyId, options.secretAccessKey, options.sessionToken]
  const [accessKeyId, secretAccessKey, sessionToken] = configured[0]
    ? configured.map((reference) => reference && secretOf(reference))
    : ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token'].map((key) =>
        inEnvironment ? env[key.toUpperCase()] : profile[key],
      )
  return {
    endpoint: options.endpoint ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'] ?? profile['endpoint_url'],
    region: options.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? profile['region'] ?? 'us-east-1',
    keys: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } : null,
  }
}

async function profileIn(file: string, name: string): Promise<Record<string, string>> {
  const content = await readFile(file, 'utf8').catch(() => '')
  const sections = content.split(/^\s*\[\s*(?:profile\s+)?([^\]]*?)\s*\]/m)
  const own = sections.findIndex((section, n) => n % 2 === 1 && section === name)
  const lines = own < 0 ? [] : sections[own + 1]!.matchAll(/^([a-z_]+)\s*=\s*(.*?)\s*$/gm)
  return Object.fromEntries([...lines].map(([, key, value]) => [key, value]))
}
