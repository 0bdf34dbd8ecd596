import { runProgram } from '../../support/program.ts'

const OUTER_RUN = /^(INIT_CWD|npm_(command|lifecycle_.*|package_.*|config_local_prefix))$/

/** The environment of this test, which can reach the registry, without the variables that an outer npm sets for its run. */
export function outer(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !OUTER_RUN.test(name))) as Record<string, string>
}

/** Runs npm in that environment. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram('npm', args, { cwd, environment: outer() })
  if (code !== 0) throw new Error(`npm ${args[0]}: ${stderr}`)
  return stdout
}
