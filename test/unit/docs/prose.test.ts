import { describe, expect, it } from 'vitest'
import { findings } from '../../../scripts/prose/findings.ts'

const rules = (path: string, text: string) => findings(path, text).map(({ line, rule }) => `${line} ${rule}`)
const words = (count: number) => `Word${' word'.repeat(count - 1)}.`

describe('the prose check', () => {
  it('names the line, the words and what to write when a comment holds a listed word', () => {
    expect(
      findings('src/a.ts', 'const a = 1\n/**\n * Returns a batch.\n * It is sent right behind\n * the last one.\n */\n'),
    ).toEqual([{ line: 4, rule: 'behind', words: 'behind', write: 'after' }])
  })

  it.each([
    ['behind', 'It follows behind the batch.', 'The server runs behind a reverse proxy.'],
    ['tell', 'The log tells why.', 'A telltale sign.'],
    ['give-up', 'The client gives it up.', 'A file is given to it.'],
    ['made-of', 'A layer is made of files.', 'A layer is made once.'],
    ['come', 'What comes is a batch.', 'It comes from a worker.'],
    ['go-on', 'The stream goes\non.', 'Time goes by.'],
    ['in-all', 'It has 20 rows in all.', 'It is the same in all of them.'],
    ['as-it-is', 'The ring stays as it is.', 'It is read as fast as it is sent.'],
    ['met', 'An error is met once.', 'The metre.'],
    ['archaic', 'It is hence closed.', 'Then it is closed.'],
    ['picture', 'Both read its picture.', 'The page is a picture of a map.'],
    ['per', 'Printing takes 20 ns a number.', 'Printing takes 20 ns per number.'],
    ['asked-for', 'It sends only the columns asked for.', 'The server asks the worker.'],
    ['stands', 'The argument stands on the field.', 'It stands for a value.'],
    ['take-up', 'The stream is taken up after its cursor.', 'It takes 5 ms.'],
    ['a-second', 'It reads 3 million rows a second.', 'It reads a row after 1 second.'],
  ])('reports %s for "%s" and not for "%s"', (rule, bad, good) => {
    expect(rules('docs/a.md', bad)).toEqual([`1 ${rule}`])
    expect(rules('docs/a.md', good)).toEqual([])
  })

  it('passes over code, inline code, link targets and URLs in a page', () => {
    const page =
      '`told` and ``x ` told`` [here](told.md) https://example.com/told.\n\n```sh\ntold\n```\n\n<!-- told -->\n\nIt told.\n'
    expect(rules('docs/a.md', page)).toEqual(['9 tell'])
  })

  it('reads strings with a space in src only, with values of templates left out', () => {
    const script = `f('told', 'it is told', \`told \${told} \${\`told \${1}\`}\`)\nconst sql = 'SELECT told FROM told'\n`
    expect(rules('src/a.ts', script)).toEqual(['1 tell', '1 tell', '1 tell'])
    expect(rules('test/a.ts', script)).toEqual([])
  })

  it('reads a message that mentions a query, and no SQL or GraphQL', () => {
    expect(rules('src/a.ts', "f('The query is told.')\nf('subscription A { told }')\nf('SELECT told FROM told')\n")).toEqual([
      '1 tell',
    ])
  })

  it('takes no text of a string, template or regular expression for a comment', () => {
    expect(rules('test/a.ts', "f('// told', `/* told */`, /\\/\\* told/, /[/*]/) // It told.\n")).toEqual(['1 tell'])
  })

  it('reads the names of tests', () => {
    expect(rules('test/a.test.ts', "describe('a stream', () => {\n  it.each([1])('is told %s', () => {})\n})\n")).toEqual([
      '2 tell',
    ])
  })

  it('reads the descriptions of a schema, the comments of CSS and YAML, and the text of a web page', () => {
    expect(rules('schema.graphql', 'type A {\n  """\n  It is\n  told.\n  """\n  told: Int\n}\n')).toEqual(['4 tell'])
    expect(rules('src/a.css', '.told { color: red }\n/* It told. */\n')).toEqual(['2 tell'])
    expect(rules('src/a.html', '<p class="told">It is\ntold.</p>\n<script>told()</script>\n')).toEqual(['2 tell'])
    expect(rules('a.yaml', 'told: told\n# It told.\n')).toEqual(['2 tell'])
  })

  it('reports a comment that begins as a fragment, and no later paragraph of it', () => {
    expect(rules('src/a.ts', '/** Of those that are. */\n/** What it holds. */\n// How it ends.\n')).toEqual([
      '1 fragment',
      '2 fragment',
      '3 fragment',
    ])
    expect(rules('src/a.ts', '/**\n * Returns rows.\n *\n * By default it returns all.\n */\n')).toEqual([])
  })

  it('reports a sentence above 40 words, or above 30 in pages and the schema', () => {
    expect(rules('src/a.ts', `// ${words(40)} ${words(40)}\n// ${words(41)}\n`)).toEqual(['2 long-sentence'])
    expect(rules('src/a.ts', `f(\`Examples:\n  ${words(30).slice(0, -1)}\n  ${words(30)}\n\`)`)).toEqual([])
    expect(rules('docs/a.md', `${words(30)}\n\n- ${words(31)}\n`)).toEqual(['3 long-sentence'])
    expect(rules('schema.graphql', `"${words(31)}"\ntype A { b: Int }\n`)).toEqual(['1 long-sentence'])
  })

  it('reports a table cell above 120 characters and a page above 250 lines', () => {
    expect(rules('docs/a.md', `| a | b |\n| - | - |\n| ${'x'.repeat(120)} | ${'x'.repeat(121)} |\n`)).toEqual(['3 long-cell'])
    expect(rules('docs/a.md', 'a\n\n'.repeat(125))).toEqual([])
    expect(rules('docs/a.md', 'a\n\n'.repeat(126))).toEqual(['251 long-page'])
  })

  it('passes over what a changelog says of released versions', () => {
    expect(rules('CHANGELOG.md', '## Unreleased\n\nIt told.\n\n## 1.0.0\n\nIt told.\n')).toEqual(['3 tell'])
  })
})
