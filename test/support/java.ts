/** Runs a Java source file. */
import { runProgram } from './program.ts'

/** Returns what the program prints. */
export async function java(file: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram('/usr/bin/java', [file, ...args])
  if (code !== 0) throw new Error(stderr)
  return stdout
}
