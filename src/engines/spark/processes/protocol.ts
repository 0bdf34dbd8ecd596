/**
 * The part of Spark Connect's protocol that a connection uses, in the form that proto-loader reads. Protocol Buffers find a field by its number and skip
 * what they do not know, so a part of the protocol is enough. A test compares each name, number and type with the descriptors of Spark's own client.
 */

type Fields = Readonly<Record<string, FieldOf>>
interface FieldOf {
  readonly type: string
  readonly id: number
  readonly keyType?: string
  readonly rule?: 'repeated'
}

const field = (type: string, id: number): FieldOf => ({ type, id })
const many = (type: string, id: number): FieldOf => ({ type, id, rule: 'repeated' })
const map = (type: string, id: number): FieldOf => ({ type, id, keyType: 'string' })
const message = (fields: Fields, nested: Readonly<Record<string, object>> = {}) => ({ fields, nested })

/** The fields that all requests have. */
const SESSION = { session_id: field('string', 1), user_context: field('UserContext', 2) }
/** Requests with another session than the one of earlier answers fail. The number differs by request. */
const observed = (id: number) => ({ client_observed_server_side_session_id: field('string', id) })

const MESSAGES = {
  UserContext: message({ user_id: field('string', 1) }),
  Plan: message({ root: field('Relation', 1), command: field('Command', 2) }),

  Relation: message({ read: field('Read', 2), sql: field('SQL', 10), local_relation: field('LocalRelation', 11) }),
  LocalRelation: message({ data: field('bytes', 1), schema: field('string', 2) }),
  Read: message(
    { data_source: field('DataSource', 2) },
    { DataSource: message({ format: field('string', 1), options: map('string', 3), paths: many('string', 4) }) },
  ),
  SQL: message({ query: field('string', 1), pos_arguments: many('Expression', 5) }),
  Expression: message(
    { literal: field('Literal', 1) },
    {
      Literal: message(
        {
          binary: field('bytes', 2),
          boolean: field('bool', 3),
          integer: field('int32', 6),
          long: field('int64', 7),
          float: field('float', 10),
          double: field('double', 11),
          decimal: field('Decimal', 12),
          string: field('string', 13),
        },
        { Decimal: message({ value: field('string', 1), precision: field('int32', 2), scale: field('int32', 3) }) },
      ),
    },
  ),

  Command: message({
    write_operation: field('WriteOperation', 2),
    create_dataframe_view: field('CreateDataFrameViewCommand', 3),
    sql_command: field('SqlCommand', 5),
  }),
  SqlCommand: message({ input: field('Relation', 6) }),
  WriteOperation: message(
    {
      input: field('Relation', 1),
      source: field('string', 2),
      path: field('string', 3),
      mode: field('SaveMode', 5),
      options: map('string', 9),
    },
    { SaveMode: { values: { SAVE_MODE_UNSPECIFIED: 0, SAVE_MODE_ERROR_IF_EXISTS: 3 } } },
  ),
  CreateDataFrameViewCommand: message({
    input: field('Relation', 1),
    name: field('string', 2),
    is_global: field('bool', 3),
    replace: field('bool', 4),
  }),

  ExecutePlanRequest: message({ ...SESSION, ...observed(8), plan: field('Plan', 3), operation_id: field('string', 6) }),
  ExecutePlanResponse: message(
    {
      server_side_session_id: field('string', 15),
      sql_command_result: field('SqlCommandResult', 5),
      execution_progress: field('ExecutionProgress', 18),
    },
    {
      SqlCommandResult: message({ relation: field('Relation', 1) }),
      ExecutionProgress: message({ num_inflight_tasks: field('int64', 2) }),
    },
  ),

  AnalyzePlanRequest: message(
    { ...SESSION, ...observed(17), spark_version: field('SparkVersion', 10) },
    { SparkVersion: message({}) },
  ),
  AnalyzePlanResponse: message(
    { server_side_session_id: field('string', 15), spark_version: field('SparkVersion', 8) },
    { SparkVersion: message({ version: field('string', 1) }) },
  ),

  KeyValue: message({ key: field('string', 1), value: field('string', 2) }),
  ConfigRequest: message(
    { ...SESSION, ...observed(8), operation: field('Operation', 3) },
    {
      Operation: message({ set: field('Set', 1), get: field('Get', 2) }),
      Set: message({ pairs: many('KeyValue', 1) }),
      Get: message({ keys: many('string', 1) }),
    },
  ),
  ConfigResponse: message({ server_side_session_id: field('string', 4), pairs: many('KeyValue', 2) }),

  InterruptRequest: message(
    { ...SESSION, ...observed(7), interrupt_type: field('InterruptType', 4), operation_id: field('string', 6) },
    { InterruptType: { values: { INTERRUPT_TYPE_UNSPECIFIED: 0, INTERRUPT_TYPE_OPERATION_ID: 3 } } },
  ),
  InterruptResponse: message({ server_side_session_id: field('string', 3) }),

  ReleaseSessionRequest: message(SESSION),
  ReleaseSessionResponse: message({ server_side_session_id: field('string', 2) }),
}

export const PROTOCOL = {
  nested: {
    spark: {
      nested: {
        connect: {
          nested: {
            ...MESSAGES,
            SparkConnectService: {
              methods: {
                ExecutePlan: {
                  requestType: 'ExecutePlanRequest',
                  responseType: 'ExecutePlanResponse',
                  responseStream: true,
                },
                AnalyzePlan: { requestType: 'AnalyzePlanRequest', responseType: 'AnalyzePlanResponse' },
                Config: { requestType: 'ConfigRequest', responseType: 'ConfigResponse' },
                Interrupt: { requestType: 'InterruptRequest', responseType: 'InterruptResponse' },
                ReleaseSession: { requestType: 'ReleaseSessionRequest', responseType: 'ReleaseSessionResponse' },
              },
            },
          },
        },
      },
    },
  },
}
