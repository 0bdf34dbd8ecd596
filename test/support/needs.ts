/** Programs that some tests need. Outside of CI, test files without their program are skipped, and the end of the run names it. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '../..')

interface Need {
  /** Test files that import this module need the program. */
  readonly module: string
  readonly isThere: () => boolean
  readonly sentence: string
}

const NEEDS: readonly Need[] = [
  {
    module: 'test/support/python.ts',
    isThere: () => existsSync(path.join(ROOT, '.geoduck/python')),
    sentence:
      'Tests with Python oracles were skipped: they need Python 3.11 or newer with pip. Install it, and run npm test again.',
  },
  {
    module: 'test/support/s3-store.ts',
    isThere: () => existsSync(path.join(ROOT, '.geoduck/s3')),
    sentence: 'Tests of object stores were skipped: they need Python 3.11 or newer with pip. Install it, and run npm test again.',
  },
  {
    module: 'test/support/spark.ts',
    isThere: () => existsSync(path.join(ROOT, '.geoduck/spark')) && existsSync('/usr/bin/java'),
    sentence:
      'Tests with Spark were skipped: they need Java 17 or newer at /usr/bin/java, and Python 3.11 or newer with pip. Install them, and run npm test again.',
  },
  {
    module: 'test/support/spark-tables.ts',
    isThere: () => existsSync(path.join(ROOT, '.geoduck/spark-jars')),
    sentence:
      'Tests with tables of Iceberg and Delta were skipped: they need Java 17 or newer, and Maven Central. See that both are there, and run npm test again.',
  },
  {
    module: 'test/support/certificates.ts',
    isThere: () => existsSync('/usr/bin/openssl'),
    sentence: 'Tests of https were skipped: they need OpenSSL at /usr/bin/openssl. Install the package openssl.',
  },
  {
    module: 'test/system/map/map-page.ts',
    isThere: () => existsSync('/usr/bin/chromium'),
    sentence: 'Tests in a browser were skipped: they need Chromium at /usr/bin/chromium. Install the package chromium.',
  },
  {
    module: 'test/support/proxies.ts',
    isThere: () => existsSync('/usr/sbin/nginx') && existsSync('/usr/bin/caddy'),
    sentence: 'Tests of proxies were skipped: they need nginx and Caddy. Install the packages nginx-light and caddy.',
  },
  {
    module: 'test/support/java.ts',
    isThere: () => existsSync('/usr/bin/java'),
    sentence: "The test of Java's HTTP client was skipped: it needs Java. Install the package default-jdk-headless.",
  },
]

const missing = process.env['CI'] ? [] : NEEDS.filter(({ isThere }) => !isThere())

/** One sentence per missing program. Empty under CI, where these tests run and fail. */
export const missingPrograms: readonly string[] = missing.map(({ sentence }) => sentence)

/** Test files that need a missing program. */
export function filesToSkip(): string[] {
  if (missing.length === 0) return []
  const files = globSync('test/**/*.test.ts', { cwd: ROOT })
  return files.filter((file) => missing.some(({ module }) => imports(file, module, new Set())))
}

/** True if the file imports the module, directly or through other files of the tests. */
function imports(file: string, module: string, seen: Set<string>): boolean {
  if (file === module) return true
  if (seen.has(file) || !file.startsWith('test/') || !existsSync(path.join(ROOT, file))) return false
  seen.add(file)
  const text = readFileSync(path.join(ROOT, file), 'utf8')
  return Array.from(text.matchAll(/from '(\.[^']+)'/g), ([, found]) => path.join(path.dirname(file), found!)).some((next) =>
    imports(next, module, seen),
  )
}
