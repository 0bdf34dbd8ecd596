/**
 * The program that has the connection to Spark, by gRPC. It runs what the server asks for and reports how that ended. No feature
 * passes through it: Spark writes them to files.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClientReadableStream, credentials, loadPackageDefinition, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import { exitWithServer } from '../../duckdb/processes/query/lifetime.ts'
import { SESSION_SETTINGS, type SparkMessage, type SparkNote, type SparkRequest, type SparkTarget } from '../messages.ts'
import { PROTOCOL } from './protocol.ts'

/** Milliseconds for a request that starts no work in Spark. A session of a busy cluster takes seconds to start. */
const SHORT_MS = 30_000
/** Most milliseconds until a Spark that did not answer is dialled again. Until then each request fails. */
const RECONNECT_MS = 1_000
/** Milliseconds for the first report of progress. Spark sends one every 2 s, if it is not configured otherwise. */
const PROGRESS_MS = 5_000

type Message = Readonly<Record<string, unknown>>
interface Answer {
  readonly execution_progress?: { readonly num_inflight_tasks: string } | null
  readonly sql_command_result?: { readonly relation: Message } | null
}
type Answered = (error: ServiceError | null, answer: Message) => void

interface Service {
  Config(request: Message, metadata: Metadata, options: object, answered: Answered): void
  AnalyzePlan(request: Message, metadata: Metadata, options: object, answered: Answered): void
  Interrupt(request: Message, metadata: Metadata, options: object, answered: Answered): void
  ReleaseSession(request: Message, metadata: Metadata, options: object, answered: Answered): void
  ExecutePlan(request: Message, metadata: Metadata): ClientReadableStream<Message>
}

/** A session of Spark. Views belong to it. */
class Session {
  readonly #service: Service
  readonly #metadata = new Metadata()
  /** Resolve when Spark has tasks for an operation, or when it has ended. */
  readonly #started = new Map<string, PromiseWithResolvers<void>>()
  #session: Message

  constructor({ address, isEncrypted, token, session }: SparkTarget) {
    this.#session = { session_id: session, user_context: { user_id: 'geoduck' } }
    const definition = loadPackageDefinition(fromJSON(PROTOCOL as never, { longs: String, keepCase: true })) as never as {
      spark: { connect: { SparkConnectService: new (address: string, credentials: unknown, options: object) => Service } }
    }
    const { SparkConnectService } = definition.spark.connect
    // A proxy of the environment is for HTTP.
    this.#service = new SparkConnectService(address, isEncrypted ? credentials.createSsl() : credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MS,
    })
    if (token !== null) this.#metadata.set('authorization', `Bearer ${token}`)
  }

  async answer(request: SparkRequest): Promise<unknown> {
    switch (request.type) {
      case 'OPEN':
        return await this.#open()
      case 'VIEW': {
        const { name, rows } = request
        const input =
          'sql' in rows
            ? { sql: { query: rows.sql } }
            : { read: { data_source: { format: 'parquet', paths: rows.paths.map(local) } } }
        return await this.#execute({ create_dataframe_view: { input, name, replace: true } }, randomUUID())
      }
      case 'COMMAND': {
        // No other statement can have a command in it. Its result is a relation with the rows.
        const rows = await this.#execute({ sql_command: { input: { sql: { query: request.sql } } } }, randomUUID())
        return rows && request.directory && (await this.#write(rows, 'json', request.directory, randomUUID()))
      }
      case 'WRITE': {
        const { sql: query, values, directory, operation, format = 'parquet' } = request
        const input = { sql: { query, pos_arguments: values.map((literal) => ({ literal })) } }
        return await this.#write(input, format, directory, operation)
      }
      case 'INTERRUPT':
        return await this.#interrupt(request.operation)
      case 'RELEASE':
        return await this.#ask('ReleaseSession', {})
    }
  }

  /** Spark interrupts the thread of an operation once. A thread that still makes its folder may lose that, and then runs to its end. */
  async #interrupt(operation: string): Promise<unknown> {
    const begun = this.#started.get(operation)
    const interrupt = () => this.#ask('Interrupt', { interrupt_type: 'INTERRUPT_TYPE_OPERATION_ID', operation_id: operation })
    // An earlier process may have begun it, whose reports are lost.
    if (!begun) await interrupt()
    await Promise.race([begun?.promise, sleep(PROGRESS_MS)].filter((wait) => wait !== undefined))
    return await interrupt()
  }

  /** @throws Error if a setting is another one: a server may fix it, or answer for another program */
  async #open(): Promise<string> {
    const pairs = Object.entries(SESSION_SETTINGS).map(([key, value]) => ({ key, value }))
    const { server_side_session_id: observed } = await this.#ask('Config', { operation: { set: { pairs } } })
    // A session that Spark begins again, such as after its restart, has not these settings.
    this.#session = { ...this.#session, client_observed_server_side_session_id: observed }
    const { pairs: read } = await this.#ask('Config', { operation: { get: { keys: Object.keys(SESSION_SETTINGS) } } })
    const values = new Map((read as typeof pairs).map(({ key, value }) => [key, value]))
    for (const { key, value } of pairs) {
      if (values.get(key) !== value) throw new Error(`Spark has ${key} = ${values.get(key)}, and it must be ${value}`)
    }
    const { spark_version } = await this.#ask('AnalyzePlan', { spark_version: {} })
    return (spark_version as { version: string }).version
  }

  #ask(method: 'Config' | 'AnalyzePlan' | 'Interrupt' | 'ReleaseSession', request: Message): Promise<Message> {
    const { promise, resolve, reject } = Promise.withResolvers<Message>()
    const options = { deadline: Date.now() + SHORT_MS }
    this.#service[method]({ ...this.#session, ...request }, this.#metadata, options, (error, answer) =>
      error ? reject(error) : resolve(answer),
    )
    return promise
  }

  #write(input: Message, source: string, directory: string, operation: string): Promise<unknown> {
    const write_operation = { input, source, path: local(directory), mode: 'SAVE_MODE_ERROR_IF_EXISTS' }
    return this.#execute({ write_operation }, operation)
  }

  /** Resolves with the rows of a command of SQL when it has been executed. Other answers report only progress. */
  #execute(command: Message, operation: string): Promise<Message | null> {
    const { promise, resolve, reject } = Promise.withResolvers<Message | null>()
    let rows: Message | null = null
    const started = Promise.withResolvers<void>()
    this.#started.set(operation, started)
    const end = () => {
      this.#started.delete(operation)
      started.resolve()
    }
    this.#service
      .ExecutePlan({ ...this.#session, plan: { command }, operation_id: operation }, this.#metadata)
      .on('data', ({ execution_progress, sql_command_result }: Answer) => {
        rows = sql_command_result?.relation ?? rows
        if (Number(execution_progress?.num_inflight_tasks ?? 0) > 0) started.resolve()
      })
      .on('error', (error) => {
        end()
        reject(error)
      })
      .on('end', () => {
        end()
        resolve(rows)
      })
    return promise
  }
}

/** A Spark may have another file system for paths without one, such as that of Hadoop. */
const local = (file: string): string => `file:${file}`

/** The codes of a session that is not there any more. Spark also ends one that is not used for an hour. */
const SESSION_LOST = /^\[INVALID_HANDLE\.SESSION_/
const UNAVAILABLE: ReadonlySet<number> = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED])

exitWithServer(process.argv[2]!)

process.once('message', (target: SparkTarget) => {
  const session = new Session(target)
  process.on('message', async ({ id, request }: SparkMessage) => {
    note(
      await session.answer(request).then(
        (value) => ({ id, value }),
        (error: Error & Partial<ServiceError>) => ({
          id,
          failure: error.details ?? error.message,
          isUnavailable: UNAVAILABLE.has(error.code ?? status.OK),
          isSessionLost: SESSION_LOST.test(error.details ?? ''),
        }),
      ),
    )
  })
})

function note(note: SparkNote): void {
  process.send?.({ type: 'NOTE', note })
}
