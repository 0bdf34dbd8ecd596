/** The documentation site at /docs, over HTTP. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { buildSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType, isSpecifiedScalarType } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES], { token: 'a-token-for-tests-only' })
})
afterAll(() => server.close())

const open = (address: string, init: RequestInit = {}) => fetch(new URL(address, server.url), init)

describe('the documentation site', () => {
  test('answers without a token, with a policy that allows only its own scripts, and with an entity tag', async () => {
    const answer = await open('/docs')
    const page = await answer.text()
    expect(answer.status).toBe(200)
    expect(page).toContain('A GraphQL server for spatial data')
    const policy = answer.headers.get('content-security-policy')!
    expect(policy).toMatch(/script-src 'self'( 'sha256-[^']+')+$/)
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)
    const etag = answer.headers.get('etag')!
    // Without a `cache-control` of ours, fetch adds one that asks for the whole page.
    const again = { headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' } }
    expect((await open('/docs', again)).status).toBe(304)
    expect(await (await open('/docs', { method: 'HEAD' })).text()).toBe('')
  })

  test('has no link, anchor, script, style or picture that leads nowhere', async () => {
    const pages = new Map<string, string>()
    const wanted: { from: string; address: URL }[] = []
    const queue = [new URL('/docs/', server.url)]
    while (queue.length > 0) {
      const address = queue.pop()!
      if (pages.has(address.pathname)) continue
      const answer = await open(address.href)
      const isPage = answer.headers.get('content-type')?.startsWith('text/html') === true
      const text = await answer.text()
      expect(answer.status, address.href).toBe(200)
      pages.set(address.pathname, isPage ? text : '')
      if (!isPage) continue
      for (const [, found] of text.matchAll(/\s(?:href|src)="([^"]+)"/g)) {
        const link = new URL(found!.replaceAll('&amp;', '&'), address)
        if (link.host !== address.host || !link.pathname.startsWith('/docs')) continue
        wanted.push({ from: address.pathname, address: link })
        queue.push(new URL(link.pathname, server.url))
      }
    }
    expect(pages.size).toBeGreaterThan(60)
    const lost = wanted.filter(({ address }) => {
      const anchor = decodeURIComponent(address.hash.slice(1))
      return anchor !== '' && !pages.get(address.pathname)!.includes(` id="${anchor}"`)
    })
    expect(lost.map(({ from, address }) => `${from}: ${address.pathname}${address.hash}`)).toEqual([])
  })

  test('describes every type, field, argument and value of the schema', async () => {
    const schema = buildSchema(readFileSync(path.join(ROOT, 'schema.graphql'), 'utf8'))
    const pages = await Promise.all(
      ['operations', 'objects', 'inputs', 'enums', 'scalars'].map(async (name) => (await open(`/docs/schema/${name}`)).text()),
    )
    const all = pages.join('\n')
    const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type))
    expect(types.length).toBeGreaterThan(40)
    for (const type of types) {
      expect(all).toContain(` id="${type.name.toLowerCase()}"`)
      if (isEnumType(type)) for (const { name } of type.getValues()) expect(all).toContain(`<code>${name}</code>`)
      if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue
      for (const field of Object.values(type.getFields())) {
        expect(all).toContain(` id="${type.name.toLowerCase()}-${field.name.toLowerCase()}"`)
        if ('args' in field) for (const { name } of field.args) expect(all).toContain(`<code>${name}</code>`)
      }
    }
  })

  test('refuses a path that leads out of its folder, and a page that does not exist', async () => {
    expect((await open('/docs/no-such-page')).status).toBe(404)
    expect((await open('/docs/..%2f..%2fpackage.json')).status).toBe(404)
    expect((await open('/docs/%2e%2e/stamps/site')).status).toBe(404)
  })
})
