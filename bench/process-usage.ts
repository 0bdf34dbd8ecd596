/** The resources of processes, by /proc (Linux only). */
import { readdir, readFile } from 'node:fs/promises'

export async function rssBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024
}

/** The memory of processes in MB. A page that several of them share counts in the RSS of each, and once in the sum of PSS. */
export async function memoryOf(pids: readonly number[]): Promise<{ rssMb: number; pssMb: number }> {
  let [rss, pss] = [0, 0]
  for (const pid of pids) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
    const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1]) * 1_024
    rss += bytes('Rss')
    pss += bytes('Pss')
  }
  return { rssMb: rss / 1e6, pssMb: pss / 1e6 }
}

/** Time on a processor so far, of all threads that are alive: to the microsecond, where `stat` counts hundredths of a second. */
export async function cpuMs(pid: number): Promise<number> {
  let nanoseconds = 0
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const [running] = (await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')).split(' ')
    nanoseconds += Number(running)
  }
  return nanoseconds / 1e6
}

/** Looks at the memory of processes until it is stopped. `stop` gives the sum of each one's peak. */
export function watchPeakRss(pids: readonly number[], everyMs = 50): { stop(): Promise<number> } {
  const peaks = new Map<number, number>()
  const look = async () => {
    for (const pid of pids) peaks.set(pid, Math.max(peaks.get(pid) ?? 0, await rssBytes(pid)))
  }
  const timer = setInterval(() => void look().catch(() => clearInterval(timer)), everyMs)
  return {
    stop: async () => {
      clearInterval(timer)
      await look()
      return [...peaks.values()].reduce((sum, bytes) => sum + bytes, 0)
    },
  }
}
