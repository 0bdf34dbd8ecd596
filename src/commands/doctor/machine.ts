import { availableParallelism, totalmem } from 'node:os'
import type { Config } from '../../config/config.ts'
import { machine } from '../../config/machine.ts'
import { isOlder, leastNode } from '../../config/node-version.ts'
import { formatSize } from '../../config/size.ts'
import type { Finding } from './report.ts'

/** Checks the version of Node against package.json. */
export function checkNode(version = process.versions.node): Finding {
  const least = leastNode()
  const what = 'Node'
  if (!isOlder(version, least)) return { what, state: 'ok', text: `${version} (${least} or newer is required)` }
  return { what, state: 'wrong', text: `${version} is too old`, remedy: `install Node ${least} or newer` }
}

export function checkProcessors({ workers, threads }: Pick<Config, 'workers' | 'threads'>): Finding {
  const count = availableParallelism()
  const text = `${counted(count, 'processor')} for ${counted(workers, 'worker')} of ${counted(threads, 'thread')}`
  if (workers <= 2 * count) return { what: 'processors', state: 'ok', text }
  return {
    what: 'processors',
    state: 'note',
    text,
    remedy: `workers will wait for each other: --workers ${Math.max(2, count)} is enough`,
  }
}

/** The worker of the serial lane has half of a normal worker's memory. */
export function checkMemory({ workers, memoryLimitBytes }: Pick<Config, 'workers' | 'memoryLimitBytes'>): Finding {
  const { memoryBytes } = machine()
  const engines = memoryLimitBytes * (workers + 0.5)
  const limit =
    memoryBytes < totalmem() ? `, ${formatSize(memoryBytes)} of it for this control group` : ', no limit of a control group'
  const text = `${formatSize(totalmem())}${limit}; ${formatSize(memoryLimitBytes)} a worker, ${formatSize(engines)} for all engines`
  if (engines <= memoryBytes) return { what: 'memory', state: 'ok', text }
  return { what: 'memory', state: 'note', text, remedy: 'that is more than there is: lower --memory-limit or --workers' }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
