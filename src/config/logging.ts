import { type Logger, pino, stdTimeFunctions } from 'pino'
import pretty from 'pino-pretty'

export type Log = Logger

export interface LogOptions {
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly logPretty: boolean
}

const STDERR = 2

/** Names and ISO 8601, because a log is read by people and by programs that do not know pino. */
const FORM = { formatters: { level: (level: string) => ({ level }) }, timestamp: stdTimeFunctions.isoTime, base: null }

/**
 * Writes to stderr before the call returns: stdout is for the results of a command, and a crash must not lose earlier lines.
 */
export function openLog({ logLevel, logPretty }: LogOptions): Log {
  const options = { ...FORM, level: logLevel }
  if (!logPretty) return pino(options, pino.destination({ dest: STDERR, sync: true }))
  return pino(
    options,
    pretty({ destination: STDERR, sync: true, translateTime: 'SYS:HH:MM:ss', singleLine: true, ignore: 'operation' }),
  )
}
