/** Where limits of memory are read: the real ones of this process, and the files of control groups as kernels write them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { memoryShare } from '../../../src/engines/duckdb/pool/memory.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'geoduck-memory-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function files(contents: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
}

test('a process is measured by its resident memory where nothing else limits it', () => {
  const { share, limit } = memoryShare([process.pid], 2 * process.memoryUsage.rss(), root)
  expect(limit).toBe('RESIDENT')
  expect(share).toBeGreaterThan(0.3)
  expect(share).toBeLessThan(0.7)
})

test('a control group is measured without its file cache', () => {
  files({
    'proc/self/cgroup': '0::/app\n',
    'sys/fs/cgroup/app/memory.max': '1000\n',
    'sys/fs/cgroup/app/memory.current': '900\n',
    'sys/fs/cgroup/app/memory.stat': 'anon 500\nfile 400\n',
  })
  expect(memoryShare([], 0, root)).toEqual({ share: 0.5, limit: 'CONTROL_GROUP' })
})

test('a group around it that is nearer to its limit decides', () => {
  files({
    'proc/self/cgroup': '0::/pod/app\n',
    'sys/fs/cgroup/pod/app/memory.max': 'max\n',
    'sys/fs/cgroup/pod/app/memory.current': '100\n',
    'sys/fs/cgroup/pod/memory.max': '1000\n',
    'sys/fs/cgroup/pod/memory.current': '850\n',
  })
  expect(memoryShare([], 0, root)).toEqual({ share: 0.85, limit: 'CONTROL_GROUP' })
})

test('in a container, whose group is mounted as the root, and with version 1', () => {
  files({
    'proc/self/cgroup': '12:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n0::/docker/1\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '2000\n',
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '1500\n',
    'sys/fs/cgroup/memory/memory.stat': 'cache 1\ntotal_cache 500\n',
  })
  expect(memoryShare([], 0, root)).toEqual({ share: 0.5, limit: 'CONTROL_GROUP' })
})

test('nothing is known where nothing is written', () => {
  expect(memoryShare([], 0, root)).toEqual({ share: 0, limit: null })
})
