import { installSpatial } from '../../open.ts'

try {
  await installSpatial()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
