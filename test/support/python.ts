/** The oracle: shapely, pyarrow, geopandas and pyogrio, which share no code with the product. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from './environment.ts'

const MOST_OUTPUT = 256 * 1024 * 1024

/** Environment in which `python3` finds the oracle's packages. */
export const PYTHON_ENVIRONMENT = { ...process.env, PYTHONPATH: join(ROOT, '.geoduck/python') }

/**
 * Runs a Python program and reads what it prints as JSON.
 *
 * @param program the source text
 * @param args `sys.argv[1:]`
 * @param input what it reads on stdin
 */
export function python<Result>(program: string, args: readonly string[] = [], input = ''): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'python3',
      ['-c', program, ...args],
      { env: PYTHON_ENVIRONMENT, maxBuffer: MOST_OUTPUT },
      (error, stdout, stderr) => {
        if (error !== null) reject(new Error(`python3: ${stderr.trim() || error.message}`))
        else resolve(JSON.parse(stdout))
      },
    )
    child.stdin?.end(input)
  })
}
