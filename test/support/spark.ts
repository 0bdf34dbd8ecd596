/** A real Spark with its Connect server, which ends with the process that starts it. Most tests use the one of `shared-spark.ts`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from './environment.ts'
import { freePort } from './free-port.ts'

/** The folder of the Python packages. */
export const SPARK_PYTHON = join(ROOT, '.geoduck/spark')
export const SPARK_HOME = join(SPARK_PYTHON, 'pyspark')

export interface Spark {
  /** Host and port. */
  readonly address: string
  readonly pid: number
  /** A folder that is removed with it. */
  readonly folder: string
  stop(): Promise<void>
}

/** Starts with a heap of 800 MB, in 10 to 30 s. */
export async function startSpark(settings: Readonly<Record<string, string>> = {}, master = 'local[2]'): Promise<Spark> {
  const [port, folder] = [await freePort(), await mkdtemp(join(tmpdir(), 'geoduck-spark-'))]
  const conf = {
    'spark.connect.grpc.binding.address': '127.0.0.1',
    'spark.connect.grpc.binding.port': String(port),
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.driver.host': '127.0.0.1',
    'spark.connect.progress.reportInterval': '200ms',
    'spark.ui.enabled': 'false',
    // Tests are too short for the second compiler to pay.
    'spark.driver.extraJavaOptions': '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
    'spark.local.dir': folder,
    'spark.sql.warehouse.dir': join(folder, 'warehouse'),
    ...settings,
  }
  const args = [
    ...['--master', master, '--driver-memory', '800m', '--class', 'org.apache.spark.sql.connect.service.SparkConnectServer'],
    ...Object.entries(conf).flatMap(([name, value]) => ['--conf', `${name}=${value}`]),
    'spark-internal',
  ]
  const child = spawn(join(SPARK_HOME, 'bin/spark-submit'), args, {
    env: { ...process.env, SPARK_HOME, SPARK_LOCAL_IP: '127.0.0.1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: folder,
  })
  const stop = async () => {
    await ended(child)
    await rm(folder, { recursive: true, force: true })
  }
  process.once('exit', () => child.kill('SIGKILL'))
  const last: string[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.includes('Spark Connect server started')) resolve()
    last.push(line)
    if (last.length > 40) last.shift()
  })
  child.once('close', () => reject(new Error(`Spark ended: ${last.join('\n')}`)))
  await promise.catch(async (error) => {
    await stop()
    throw error
  })
  return { address: `127.0.0.1:${port}`, pid: child.pid!, folder, stop }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await gone
}
