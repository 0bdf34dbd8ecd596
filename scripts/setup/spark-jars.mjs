import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { STATE } from './paths.mjs'
import { program, SetupError } from './program.mjs'
import { isStamped, stamp } from './stamp.mjs'

const FOLDER = `${STATE}/spark-jars`

/** Jars for Spark 4.0 with their SHA-256. */
const JARS = [
  [
    'org.apache.iceberg',
    'iceberg-spark-runtime-4.0_2.13',
    '1.10.0',
    '0480f1248e0a8b50ae2a730d7ad3e1a727351c362ca63f4a0c35182087a49323',
  ],
  ['io.delta', 'delta-spark_2.13', '4.0.0', '538511702aae0ef6973a6a70af3d4543c9009f8edbed786a00737e2d3cd7f04e'],
  ['io.delta', 'delta-storage', '4.0.0', '9bdb9fb450f1e119eba53feb427f331b0d09072d26485b8273883ad72c9a2e1d'],
]

/** Iceberg and Delta for the tests' Spark. Ivy, which is part of Spark, brings them. */
export const sparkJars = {
  name: "Iceberg and Delta for the tests' Spark",

  isDone() {
    return existsSync(FOLDER) && isStamped('spark-jars', JARS.join('\n'))
  },

  async run() {
    const fresh = `${FOLDER}-${process.pid}`
    try {
      const jars = `${STATE}/spark/pyspark/jars`
      const ivy = existsSync(jars) && readdirSync(jars).find((name) => /^ivy-.*\.jar$/.test(name))
      if (!ivy) throw new SetupError("The tests' Spark is missing.")
      mkdirSync(fresh, { recursive: true })
      for (const [group, name, version, expected] of JARS) {
        const options = ['-cache', `${fresh}/cache`, '-notransitive', '-types', 'jar', '-retrieve', `${fresh}/[artifact].[ext]`]
        await bring(['-jar', `${jars}/${ivy}`, ...options, '-dependency', group, name, version])
        if (
          createHash('sha256')
            .update(readFileSync(`${fresh}/${name}.jar`))
            .digest('hex') !== expected
        )
          throw new SetupError(`${name} ${version} is not the file that was expected.`)
      }
      rmSync(`${fresh}/cache`, { recursive: true })
    } catch (error) {
      rmSync(fresh, { recursive: true, force: true })
      if (process.env.CI) throw error
      return `MISSING: tests with tables of Iceberg and Delta are skipped. ${error.message}`
    }
    rmSync(FOLDER, { recursive: true, force: true })
    renameSync(fresh, FOLDER)
    stamp('spark-jars', JARS.join('\n'))
  },
}

/** Npm and pip repeat a download that fails. Ivy does not. */
async function bring(args, attempts = 3) {
  try {
    await program('java', args, { next: 'The tests need Java 17 or newer, and Maven Central.' })
  } catch (error) {
    if (attempts === 1) throw error
    await bring(args, attempts - 1)
  }
}
