/** Text that would be SQL, GraphQL, a path or a script if it were ever taken for such. */
import type { Random } from './random.ts'

const PARTS = [
  "'",
  "''",
  '"',
  '`',
  ';',
  '--',
  '/*',
  '*/',
  '$1',
  '$$',
  '\\',
  '\0',
  '\n',
  '?',
  ')',
  '(',
  '{',
  '}',
  '%',
  '\u2019',
  '\uFF07',
  '\uD800',
  ' OR 1=1',
  ' UNION SELECT ',
  'DROP TABLE t',
  "'); COPY t TO '/tmp/x",
  "read_text('/etc/passwd')",
  '../../etc/passwd',
  '#{x}',
  '{{x}}',
  'eof',
  'file_row_number',
  't."name"',
  't."n"',
  'places',
  'things',
  'POINT(1 2)',
  '<script>',
  '__proto__',
  'constructor',
]

/** One to five parts after a mark, which identifies the text everywhere. */
export function hostileText(random: Random, mark: string): string {
  return `${mark}${random.list(1 + random.integer(5), () => random.pick(PARTS)).join('')}`
}
