/** A control group of memory of the test's own, in whichever version the kernel has its memory controller: root may make one, others may not. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const VERSIONS = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', kills: 'memory.oom_control', held: 'total_rss' },
  { root: '/sys/fs/cgroup', limit: 'memory.max', kills: 'memory.events', held: 'anon' },
] as const

export class ControlGroup {
  readonly folder: string
  readonly #version: (typeof VERSIONS)[number]

  private constructor(folder: string, version: (typeof VERSIONS)[number]) {
    this.folder = folder
    this.#version = version
  }

  /** @throws where none can be made */
  static make(name: string, limitBytes: number): ControlGroup {
    const version = VERSIONS.find(({ root, limit }) => existsSync(root) && (limit !== 'memory.max' || controlsMemory(root)))
    if (!version) throw new Error('no control groups of memory are mounted')
    const folder = join(version.root, name)
    mkdirSync(folder)
    const group = new ControlGroup(folder, version)
    try {
      writeFileSync(join(folder, version.limit), String(limitBytes))
    } catch (error) {
      group.remove()
      throw error
    }
    return group
  }

  /** A command line, for `sh -c`, of what is to run in it. */
  command(program: string): string {
    return `echo $$ > '${this.folder}/cgroup.procs' && exec ${program}`
  }

  /** Processes that the kernel has killed, for the group was full. */
  get killed(): number {
    return this.#field(this.#version.kills, 'oom_kill')
  }

  /** Bytes of memory that are no file cache. */
  get held(): number {
    return this.#field('memory.stat', this.#version.held)
  }

  /** Nothing may run in it any more. */
  remove(): void {
    rmdirSync(this.folder)
  }

  #field(file: string, name: string): number {
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync(join(this.folder, file), 'utf8'))?.[1])
  }
}

function controlsMemory(root: string): boolean {
  const file = join(root, 'cgroup.subtree_control')
  return existsSync(file) && readFileSync(file, 'utf8').split(/\s/).includes('memory')
}
