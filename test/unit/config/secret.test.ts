import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { storedSecret } from '../../../src/config/secret.ts'

let cache: string

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'geoduck-cache-'))
  vi.stubEnv('XDG_CACHE_HOME', cache)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(cache, { recursive: true })
})

test('the secret is made once, and only its user can read it', async () => {
  const { secret, kept } = await storedSecret()
  expect(kept).toBe(true)
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  expect((await stat(join(cache, 'geoduck/cursor-secret'))).mode & 0o777).toBe(0o600)
  expect(await storedSecret()).toEqual({ secret, kept })
})

test('servers that start at once agree on one secret', async () => {
  const secrets = await Promise.all(Array.from({ length: 8 }, storedSecret))
  expect(new Set(secrets.map(({ secret }) => secret)).size).toBe(1)
})

test('each server has its own secret when nothing can be written', async () => {
  vi.stubEnv('XDG_CACHE_HOME', '/dev/null')
  const [one, other] = [await storedSecret(), await storedSecret()]
  expect([one.kept, other.kept]).toEqual([false, false])
  expect(one.secret).not.toBe(other.secret)
})
