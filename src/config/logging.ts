import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export type Log = Logger

export interface LogOptions {
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly logPretty: boolean
}

const STDERR = 2

/**
 * Writes to stderr before the call returns: stdout is for the results of a command, and a crash must not lose earlier lines.
 */
export function openLog({ logLevel, logPretty }: LogOptions): Log {
  const base = { level: logLevel, base: null }
  if (!logPretty) return pino(base, pino.destination({ dest: STDERR, sync: true }))
  return pino(
    base,
    pretty({ destination: STDERR, sync: true, translateTime: 'SYS:HH:MM:ss', singleLine: true, ignore: 'operation' }),
  )
}
