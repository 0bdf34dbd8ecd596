/** Makes each gathering of this process take long: the same rows, with work for every executor. */
import { SparkConnection } from '../../../src/engines/spark/host/spark-connection.ts'

const write = SparkConnection.prototype.write

/** Numbers that are summed for each row. 0: nothing is added. */
let numbers = 0

export function gatherSlowly(some: number): void {
  numbers = some
}

SparkConnection.prototype.write = function (statement, signal) {
  const work = `aggregate(sequence(0, ${numbers} + length(CAST(s.id AS STRING)) % 2), 0D, (sum, n) -> sum + sin(n)) > -2`
  const sql = `SELECT * FROM (${statement.sql}) AS s WHERE ${work}`
  return write.call(this, numbers > 0 && !statement.format ? { ...statement, sql } : statement, signal)
}
