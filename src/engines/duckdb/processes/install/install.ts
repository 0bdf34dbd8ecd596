import { install } from '../../open.ts'

try {
  await install(process.argv[2]!)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
