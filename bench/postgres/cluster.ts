/**
 * PostgreSQL with PostGIS, as Debian installs it: a throw-away cluster in the cache folder, on a free port of the loopback. Postgres
 * refuses to run as root, so it runs as the user `postgres` where the bench is root.
 */
import { createHash } from 'node:crypto'
import { access, chown, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { runToEnd } from '../child.ts'
import { CACHE } from '../paths.ts'
import { CREATE, INDEX, TABLE_OF } from './schema.ts'

export interface Cluster {
  readonly address: string
  stop(): Promise<void>
}

const DEBIAN = '/usr/lib/postgresql'
/** The tables fit into the memory. A query of a few milliseconds gains nothing from code that is compiled for it. */
const SETTINGS = {
  shared_buffers: '1GB',
  work_mem: '64MB',
  effective_cache_size: '4GB',
  random_page_cost: '1.1',
  jit: 'off',
  fsync: 'off',
  max_wal_size: '4GB',
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
}

/** @throws with what to install, where it is missing */
export async function startCluster(data: string, extension: string, progress: (line: string) => void): Promise<Cluster> {
  const version = (await readdir(DEBIAN).catch(() => []))
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(b) - Number(a))[0]
  const control = `/usr/share/postgresql/${version}/extension/postgis.control`
  if (version === undefined || !(await exists(control))) {
    const packages = version === undefined ? 'postgresql postgresql-postgis' : `postgresql-${version}-postgis-3`
    throw new Error(
      `PostgreSQL with PostGIS is missing. Install it (Debian: apt-get install ${packages}), or leave --postgres out.`,
    )
  }
  const tool = (name: string) => join(DEBIAN, version, 'bin', name)
  const digest = createHash('sha256').update(`${version} ${data} ${CREATE} ${INDEX}`).digest('hex').slice(0, 12)
  const folder = join(CACHE, 'postgres', `cluster-${digest}`)
  const owner = await ownerOfCluster()
  const port = await freePort()
  const address = `postgres://postgres@127.0.0.1:${port}/postgres`
  const own = (program: string, ...args: string[]) => runToEnd(args, { program: tool(program), ...owner })
  const start = async (cluster: string) => {
    // One that an interrupted bench has left.
    await own('pg_ctl', 'stop', '-D', cluster, '-m', 'fast').catch(() => {})
    const settings = Object.entries({ ...SETTINGS, port }).map(([name, value]) => `-c ${name}='${value}'`)
    await own('pg_ctl', 'start', '-w', '-D', cluster, '-l', join(cluster, 'server.log'), '-o', settings.join(' '))
  }
  const stop = async (cluster: string) => void (await own('pg_ctl', 'stop', '-w', '-D', cluster, '-m', 'fast'))

  if (!(await exists(folder))) {
    progress('Loading the layers into PostgreSQL (once)')
    const unfinished = join(CACHE, 'postgres', 'unfinished')
    await own('pg_ctl', 'stop', '-D', unfinished, '-m', 'immediate').catch(() => {})
    for (const name of await readdir(join(CACHE, 'postgres')).catch(() => [])) {
      if (name.startsWith('cluster-') || name === 'unfinished') await rm(join(CACHE, 'postgres', name), { recursive: true })
    }
    await mkdir(unfinished, { recursive: true })
    if (owner !== null) await chown(unfinished, owner.uid, owner.gid)
    await own('initdb', '-D', unfinished, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C')
    await start(unfinished)
    try {
      const psql = (...statements: string[]) =>
        runToEnd([address, '-q', '-v', 'ON_ERROR_STOP=1', ...statements.flatMap((sql) => ['-c', sql])], { program: tool('psql') })
      await psql(...CREATE)
      for (const [layer, table] of Object.entries(TABLE_OF)) await load(join(data, `${layer}.parquet`), table, extension, psql)
      await psql(...INDEX)
    } finally {
      await stop(unfinished)
    }
    await rename(unfinished, folder)
  }
  await start(folder)
  return { address, stop: () => stop(folder) }
}

/** In the file's order, which lies along a Hilbert curve. */
async function load(file: string, table: string, extension: string, psql: (...statements: string[]) => Promise<string>) {
  const text = join(CACHE, 'postgres', `${table}.csv`)
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '4GB' })
  const connection = await instance.connect()
  await connection.run(`LOAD '${extension}'`)
  await connection.run(
    `COPY (SELECT * EXCLUDE (geom, bbox), 'SRID=4326;' || ST_AsHEXWKB(geom) FROM '${file}') TO '${text}' (HEADER false)`,
  )
  connection.closeSync()
  instance.closeSync()
  await psql(`\\copy ${table} from '${text}' csv`)
  await rm(text)
}

async function ownerOfCluster(): Promise<{ readonly uid: number; readonly gid: number } | null> {
  if (process.getuid?.() !== 0) return null
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  if (uid === undefined) throw new Error('The user postgres is missing, and PostgreSQL refuses to run as root.')
  return { uid: Number(uid), gid: Number(gid) }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('There is no free port.')
  return address.port
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
