/** The part of the protocol that a connection uses, compared with the descriptors in Spark's own client. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { PROTOCOL } from '../../../src/engines/spark/processes/protocol.ts'
import { SPARK_HOME, SPARK_PYTHON } from '../../support/spark.ts'

/** Prints each field, value of an enum and method as `place: type number rule`. The generated files hold the descriptors as bytes. */
const PROGRAM = `
import ast, glob, json, sys
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as F, FileDescriptorProto
PLAIN = {value: name[5:].lower() for name, value in F.Type.items()}
lines, maps = [], {}
def message(m, place):
    for nested in m.nested_type:
        if nested.options.map_entry: maps[place + '.' + nested.name] = nested
    for f in m.field:
        name, rule = f.type_name.lstrip('.'), ' repeated' if f.label == F.LABEL_REPEATED else ''
        if name in maps: kind, rule = 'map ' + PLAIN[maps[name].field[0].type] + ' ' + PLAIN[maps[name].field[1].type], ''
        else: kind = name or PLAIN[f.type]
        lines.append(f'{place}.{f.name}: {kind} {f.number}{rule}')
    for nested in m.nested_type: message(nested, place + '.' + nested.name)
    for e in m.enum_type: enum(e, place)
def enum(e, place):
    for v in e.value: lines.append(f'{place}.{e.name}.{v.name}: {v.number}')
for path in glob.glob(sys.argv[1] + '/sql/connect/proto/*_pb2.py'):
    for node in ast.walk(ast.parse(open(path).read())):
        if isinstance(node, ast.Call) and getattr(node.func, 'attr', '') == 'AddSerializedFile':
            file = FileDescriptorProto.FromString(node.args[0].value)
            for m in file.message_type: message(m, file.package + '.' + m.name)
            for e in file.enum_type: enum(e, file.package)
            for s in file.service:
                for r in s.method: lines.append(f'{file.package}.{s.name}.{r.name}: {r.input_type[1:]} {r.output_type[1:]} {r.server_streaming}')
print(json.dumps(lines))
`

interface Nested {
  readonly fields?: Readonly<Record<string, { type: string; id: number; rule?: string; keyType?: string }>>
  readonly nested?: Readonly<Record<string, Nested>>
  readonly values?: Readonly<Record<string, number>>
  readonly methods?: Readonly<Record<string, { requestType: string; responseType: string; responseStream?: boolean }>>
}

const PLAIN = new Set(['string', 'bytes', 'bool', 'int32', 'int64', 'float', 'double'])

/** The same lines of our part. A name is looked for from the inside out, as Protocol Buffers do. */
function linesOf(part: Nested, place: readonly string[] = []): string[] {
  const root = PROTOCOL as Nested
  const at = (path: readonly string[]) => path.reduce<Nested | undefined>((here, name) => here?.nested?.[name], root)
  const full = (type: string) => {
    if (PLAIN.has(type)) return type
    const outer = place.map((_, n) => place.slice(0, place.length - n)).find((path) => at([...path, type]))
    return [...(outer ?? ['missing']), type].join('.')
  }
  const here = place.join('.')
  return [
    ...Object.entries(part.fields ?? {}).map(([name, { type, id, rule, keyType }]) =>
      keyType ? `${here}.${name}: map ${keyType} ${type} ${id}` : `${here}.${name}: ${full(type)} ${id}${rule ? ` ${rule}` : ''}`,
    ),
    ...Object.entries(part.values ?? {}).map(([name, number]) => `${here}.${name}: ${number}`),
    ...Object.entries(part.methods ?? {}).map(
      ([name, { requestType, responseType, responseStream }]) =>
        `${here}.${name}: spark.connect.${requestType} spark.connect.${responseType} ${responseStream ? 'True' : 'False'}`,
    ),
    ...Object.entries(part.nested ?? {}).flatMap(([name, nested]) => linesOf(nested, [...place, name])),
  ]
}

it('every field, value and method has the name, number and type of Spark Connect', async () => {
  const env = { ...process.env, PYTHONPATH: SPARK_PYTHON }
  const { stdout } = await promisify(execFile)('python3', ['-c', PROGRAM, SPARK_HOME], { env, maxBuffer: 1e7 })
  const spark = new Set<string>(JSON.parse(stdout))
  const ours = linesOf(PROTOCOL)
  expect(spark.size).toBeGreaterThan(500)
  expect(ours.length).toBeGreaterThan(60)
  expect(ours.filter((line) => !spark.has(line))).toEqual([])
})
