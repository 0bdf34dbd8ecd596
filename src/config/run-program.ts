import { execFile } from 'node:child_process'

/**
 * Runs a program to its end without a shell.
 *
 * @returns null when it exits with 0, else the last line it wrote to stderr, or what kept it from running
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly timeoutMs: number },
): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: options.cwd, timeout: options.timeoutMs, killSignal: 'SIGKILL' }, (error, _stdout, stderr) => {
      if (error === null) return resolve(null)
      if (error.killed) return resolve(`no end after ${options.timeoutMs / 1000} s`)
      resolve(stderr.trim().split('\n').at(-1) || error.message)
    })
  })
}
