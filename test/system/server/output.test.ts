/** A server prints for people, and for programs that stop reading it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { launch } from '../../support/launched.ts'
import { runProgram } from '../../support/program.ts'
import { PLACES, startListening } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const ARGS = ['src/main.ts', PLACES, '--port', '0', '--spatial-extension', SPATIAL_EXTENSION]

it.each(['true', 'false'])('a server whose stdout and stderr are closed continues: --log-pretty %s', async (pretty) => {
  const server = spawn(process.execPath, [...ARGS, '--log-pretty', pretty], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = once(server, 'exit')
  try {
    let url: string | undefined
    for await (const line of createInterface({ input: server.stdout })) {
      url = /GraphQL +(http.*)\/graphql$/.exec(line)?.[1]
      if (url !== undefined) break
    }
    server.stdout.destroy()
    server.stderr.destroy()
    // Both have more to say: that the server is ready, and each operation.
    await expect.poll(async () => (await fetch(`${url}/ready`)).status).toBe(200)
    for (let n = 0; n < 3; n++)
      expect(await ask({ url: url! }, '{ layers { name } }')).toEqual({ data: { layers: [{ name: 'places' }] } })
    server.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
  } finally {
    server.kill('SIGKILL')
  }
})

it('a command whose output is cut off ends without an error', async () => {
  const command = `'${process.execPath}' src/main.ts schema --log-level error | head -1`
  const { stdout, stderr } = await runProgram('sh', ['-c', command], { cwd: ROOT })
  expect(stdout.split('\n')).toHaveLength(2)
  expect(stderr).toBe('')
})

it('a server for every address prints URLs that a browser can open, here and on other machines', async () => {
  const server = launch(process.execPath, [...ARGS, '--host', '0.0.0.0', '--allow-anonymous', 'true'], { cwd: ROOT })
  const [, url] = await server.line(/^ready (.*)$/)
  const { port } = new URL(url!)
  expect(url).toBe(`http://localhost:${port}`)
  const printed = server.lines.flatMap((line) => /(https?:\S+)$/.exec(line)?.[1] ?? [])
  const others = Object.values(networkInterfaces())
    .flat()
    .filter((other) => other?.family === 'IPv4' && !other.internal)
    .map((other) => `http://${other!.address}:${port}`)
  expect(printed).toEqual([...['/graphql', '/graphiql', '/map', '/health'].map((path) => `${url}${path}`), ...others, url])
  const headers = { accept: 'text/html' }
  for (const one of printed) expect((await fetch(one, { headers })).status, one).toBeLessThan(400)
  process.kill(server.pid, 'SIGTERM')
  expect(await server.ended).toBe(0)
})

it('addresses of IPv6 are in brackets, and a name is printed as it was given', async () => {
  for (const [host, url] of [
    ['::1', '[::1]'],
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', 'localhost'],
    ['::', 'localhost'],
  ]) {
    const server = await startListening([PLACES], { host: host! })
    expect(server.url).toMatch(new RegExp(`^http://${RegExp.escape(url!)}:\\d+$`))
    for (const one of [server.url, ...server.network]) expect((await fetch(`${one}/health`)).status, one).toBe(200)
    if (host !== '::') expect(server.network).toEqual([])
    server.ready.catch(() => {})
    await server.close()
  }
})

it('an address to which the server does not answer is not printed', async () => {
  const server = await startListening([PLACES], { host: '0.0.0.0', hosts: ['maps.example.org'] })
  expect([server.url, server.network]).toEqual([expect.stringMatching(/^http:\/\/localhost:\d+$/), []])
  server.ready.catch(() => {})
  await server.close()
})
