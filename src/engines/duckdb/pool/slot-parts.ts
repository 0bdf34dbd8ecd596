/** What a place of the pool is given, beside what its worker runs with. */
export interface SlotLog {
  warn(fields: object, message: string): void
}

export interface SlotParts {
  /** Called whenever it can take work: after each boot and each task. */
  readonly onIdle: () => void
  /** A database was not what it should be. */
  readonly onOutdated: () => void
  /** A worker was frozen: others may be too, and not be known to be. */
  readonly onFrozen?: () => void
  /** Options of Node for its processes. */
  readonly execArgv: readonly string[]
  /** Whether its process of this id has had more memory than it may. @default never */
  readonly overMemory?: (pid: number) => boolean
}
