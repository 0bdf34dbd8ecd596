import { install } from '../../open.ts'

try {
  for (const name of process.argv.slice(2)) await install(name)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
