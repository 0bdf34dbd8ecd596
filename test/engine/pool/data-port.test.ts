/** A worker ends when bytes on its data socket are no message of the server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { requestFrameOf } from '../../../src/engines/duckdb/frame.ts'
import type { ToWorker } from '../../../src/engines/duckdb/messages.ts'

const PORT = new URL('../../../src/engines/duckdb/processes/query/data-port.ts', import.meta.url)
const PROBE = Buffer.concat(requestFrameOf({ type: 'PROBE' }))

/** Listens as a worker does, and answers probes. A worker has a channel that keeps it alive. */
const LISTENER = `
  import { listen, sendMessage } from '${PORT}'
  await listen(process.argv[1], () => sendMessage({ type: 'ALIVE' }))
  setInterval(() => {}, 1_000_000)
  console.log('listening')`

test.each<[string, () => Uint8Array]>([
  ['of another type', () => Buffer.concat(requestFrameOf({ type: 'OTHER' } as unknown as ToWorker))],
  ['without a head', () => Buffer.alloc(8)],
  ['that is text', () => Buffer.from('GET / HTTP/1.1\r\nHost: worker\r\n\r\n'.repeat(10))],
])('a frame %s ends the process, and nobody connects a second time', async (_, broken) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'geoduck-port-'))
  const name = path.join(folder, 'data')
  const worker = spawn(process.execPath, ['--input-type=module', '-e', LISTENER, name], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void worker.kill('SIGKILL'))
  const exit = once(worker, 'exit')
  await once(worker.stdout, 'data')
  const server = net.connect(name)
  server.on('error', () => {})
  server.write(PROBE)
  expect(String(await once(server, 'data'))).toContain('ALIVE')
  await expect(once(net.connect(name), 'connect')).rejects.toThrow('ENOENT')
  server.write(broken())
  expect(await exit).toEqual([1, null])
  server.destroy()
  await rm(folder, { recursive: true })
})
