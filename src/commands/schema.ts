/** `geoduck schema`: prints the schema as text, for code generators and for people. */
import { readFile } from 'node:fs/promises'
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, printSchema } from 'graphql'
import type { Config } from '../config/config.ts'
import { ConfigurationError } from '../config/configuration-error.ts'
import { CONTRACT, wholeSchema } from '../graphql/schema.ts'
import { shownPath } from '../model/remote-source.ts'
import { openCommandCatalog, warnOfProblems } from './command-catalog.ts'

/** The generic part of the schema, as in the package. */
export async function genericSchema(): Promise<string> {
  return await readFile(CONTRACT, 'utf8')
}

/**
 * Returns the schema that a server with this configuration would serve: the generic part, and the types and root fields of its layers. It waits until
 * the sources are described, and until the checks end if a layer needs one for its types: columns that are to be enums, or another engine. It prepares nothing. `warn` receives a line per source that is not served.
 */
export async function printedSchema(config: Config, spatialExtension: string, warn: (line: string) => void): Promise<string> {
  const catalog = await openCommandCatalog(config, { spatialExtension, warn })
  try {
    const needsCheck = ({ engine, fields = {} }: Config['layers'][number]) =>
      engine !== undefined || Object.values(fields).some((field) => field.enum)
    if (config.layers.some(needsCheck)) await catalog.checked
    warnOfProblems(catalog, warn)
    return `${printSchema(wholeSchema(catalog.layers()))}\n`
  } finally {
    await catalog.close()
  }
}

const INTROSPECTION = getIntrospectionQuery({
  specifiedByUrl: true,
  inputValueDeprecation: true,
  oneOf: true,
  schemaDescription: true,
})

/**
 * Returns the schema that a running server serves now.
 *
 * @param url the server, or its GraphQL endpoint
 * @throws ConfigurationError if the server does not answer, or refuses
 */
export async function servedSchema(url: string, token: string | null): Promise<string> {
  const endpoint = URL.parse(url)
  // The message does not repeat the value, because it may hold a secret.
  if (!endpoint || !/^https?:$/.test(endpoint.protocol))
    throw new ConfigurationError('--url is not the URL of a server; name one such as http://127.0.0.1:4000/graphql.')
  if (endpoint.username || endpoint.password)
    throw new ConfigurationError(`--url takes no name and no password: name ${endpoint.origin}, and send a token by --token.`)
  if (endpoint.pathname === '/') endpoint.pathname = '/graphql'
  const shown = shownPath(endpoint.href)
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query: INTROSPECTION }),
  }).catch(() => {
    throw new ConfigurationError(`No server answers at ${shown}; correct --url, or start the server.`)
  })
  const answer = await response.json().catch(() => {
    throw new ConfigurationError(`What answers at ${shown} is no GraphQL server (status ${response.status}); correct --url.`)
  })
  const { data, errors = [] } = answer as { data?: IntrospectionQuery | null; errors?: readonly { message: string }[] }
  if (data?.__schema) return `${printSchema(buildClientSchema(data))}\n`
  const reasons = errors.map(({ message }) => message).join(' ')
  throw new ConfigurationError(`The server at ${shown} does not show its schema: ${reasons || `status ${response.status}`}`)
}
