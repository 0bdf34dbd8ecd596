import { runProgram } from '../../support/program.ts'

const OUTER_RUN = /^(INIT_CWD|npm_(command|lifecycle_.*|package_.*|config_local_prefix))$/

/** Runs npm with the environment of this test, which can reach the registry, without the variables that an outer npm sets for its run. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OUTER_RUN.test(name)))
  const { code, stdout, stderr } = await runProgram('npm', args, { cwd, environment })
  if (code !== 0) throw new Error(`npm ${args[0]}: ${stderr}`)
  return stdout
}
