/** Pages of the schema reference, made from the schema's own descriptions. */
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql'

const KINDS = [
  { name: 'operations', title: 'Queries and subscriptions', is: isRoot },
  {
    name: 'objects',
    title: 'Objects, interfaces and unions',
    is: (type) => (isObjectType(type) || isInterfaceType(type) || isUnionType(type)) && !isRoot(type),
  },
  { name: 'inputs', title: 'Input objects', is: isInputObjectType },
  { name: 'enums', title: 'Enums', is: isEnumType },
  { name: 'scalars', title: 'Scalars', is: (type) => isScalarType(type) && !isSpecifiedScalarType(type) },
]

/**
 * Returns one page per kind of type, with every type, field and argument.
 *
 * @param {string} text the schema in SDL
 */
export function schemaPages(text) {
  const schema = buildSchema(text)
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'))
  return KINDS.map(({ name, title, is }) => {
    const shown = types.filter(is)
    return { name, title, text: [`# ${title}`, ...shown.map(typeSection)].join('\n\n') }
  })
}

function isRoot(type) {
  return ['Query', 'Subscription', 'Mutation'].includes(type.name)
}

function typeSection(type) {
  const parts = [`## ${type.name} {#${anchorOf(type)}}`, type.description ?? '']
  const interfaces = type.getInterfaces?.() ?? []
  if (interfaces.length > 0) parts.push(`Implements ${interfaces.map(link).join(', ')}.`)
  if (isEnumType(type)) parts.push(list(type.getValues().map(({ name, description }) => [`\`${name}\``, description])))
  if (isUnionType(type)) parts.push(`One of ${type.getTypes().map(link).join(', ')}.`)
  const fields = Object.values(type.getFields?.() ?? {})
  parts.push(...fields.map((field) => fieldSection(type, field)))
  return parts.filter((part) => part !== '').join('\n\n')
}

/** A field with its arguments, or a member of an input object. */
function fieldSection(owner, field) {
  const parts = [
    `### ${field.name} {#${anchorOf(owner)}-${field.name.toLowerCase()}}`,
    `${typeOf(field)}. ${oneLine(field.description)}`,
  ]
  const args = (field.args ?? []).map((arg) => [`\`${arg.name}\``, `${typeOf(arg)}. ${oneLine(arg.description)}`])
  if (args.length > 0) parts.push('Arguments:', list(args))
  return parts.join('\n\n')
}

function list(entries) {
  return entries.map(([name, text]) => (text ? `- ${name}: ${oneLine(text)}` : `- ${name}`)).join('\n')
}

function typeOf({ type, defaultValue }) {
  return defaultValue === undefined ? link(type) : `${link(type)}, by default \`${JSON.stringify(defaultValue)}\``
}

/** The type as it is written, such as `[Feature!]!`, as a link to its section. The scalars of GraphQL have none. */
function link(type) {
  const named = getNamedType(type)
  if (isSpecifiedScalarType(named)) return `\`${type}\``
  const { name } = KINDS.find(({ is }) => is(named))
  return `[\`${type}\`](/schema/${name}.md#${anchorOf(named)})`
}

function anchorOf({ name }) {
  return name.toLowerCase()
}

function oneLine(text) {
  return (text ?? '').replaceAll(/\s+/g, ' ')
}
