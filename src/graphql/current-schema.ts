/**
 * The schema of each operation: a slice with the generic part and the layers that its document names. So an operation costs the same with 10 layers
 * and with 10,000.
 */
import { setImmediate as immediate } from 'node:timers/promises'
import { type DocumentNode, GraphQLError, type GraphQLSchema } from 'graphql'
import { LRUCache } from 'lru-cache'
import { layerNotReady } from '../ask/feature-request.ts'
import { EventLoopYield } from '../delivery/event-loop-yield.ts'
import { GeoduckError } from '../model/errors.ts'
import { identityOf } from '../model/layer.ts'
import type { Preparation } from '../model/preparation.ts'
import { namedLayers, type TypedNames } from './document.ts'
import { isSame, SchemaBuilder, type SchemaLayer } from './schema.ts'
import type { TypedLayer } from './typed/layer-types.ts'
import { isRootFieldOf, type LayerName, partsOfRootField } from './typed/names.ts'

/** The layers that are served. */
export interface ServedLayers {
  layers(): readonly SchemaLayer[]
  /** Returns the layer with this name, or with this text that identifies it. */
  layer(name: string): (SchemaLayer & { readonly preparation?: Preparation | null }) | undefined
  /** Returns the names of the layers that ask for this name, if there are several. */
  rivals(name: string): readonly string[]
  /** Why the layers are not known yet. Null when the sources have been described. */
  readonly notReady: GeoduckError | null
}

/** Most slices that are kept. One takes about 40 kB. */
const MOST_SLICES = 128
/** Most layers whose types are kept. */
const MOST_LAYERS = 256
/**
 * Most layers of one document whose types are all in its slice. To build the types of one may take a millisecond. Layers of which only the feature
 * type is named do not count.
 */
export const MOST_TYPED_LAYERS = 32

/** The types of a layer. */
interface Made {
  /** Distinguishes these types from earlier ones, and from those of other layers. */
  readonly version: number
  readonly layer: SchemaLayer
  readonly types: TypedLayer
}

export class CurrentSchema {
  readonly #served: ServedLayers
  readonly #builder = new SchemaBuilder()
  readonly #genericFields = rootFieldsOf(this.#builder.generic)
  readonly #made = new LRUCache<string, Made>({ max: MOST_LAYERS })
  readonly #slices = new LRUCache<string, GraphQLSchema>({ max: MOST_SLICES })
  #names: CatalogNames
  #versions = 0
  #isAwaited = false
  /** Readings of the names that wait or run. */
  #readings = 0
  #renewal: Promise<void> = Promise.resolve()

  constructor(served: ServedLayers) {
    this.#served = served
    this.#names = new CatalogNames(this.#builder.namesOf(served.layers()), served)
  }

  /** The generic part. */
  get generic(): GraphQLSchema {
    return this.#builder.generic
  }

  /**
   * Returns the schema for the document. The same document gets the same object while its layers are unchanged.
   *
   * @throws GraphQLError LIMIT_EXCEEDED if the document names the types of too many layers
   */
  slice(document: DocumentNode, variables: Readonly<Record<string, unknown>> = {}): GraphQLSchema {
    const named = namedLayers(document, variables, this.#names)
    if (named.whole.size > MOST_TYPED_LAYERS) throw tooManyLayers()
    for (const field of named.otherFields) this.#refuseShared(field)
    const whole = this.#makeAll(named.whole)
    const features = this.#makeAll(named.features.difference(named.whole))
    // Fragments on interfaces are valid only if a type implements both.
    if (whole.length + features.length === 0) features.push(...this.#makeAll(this.#names.first))
    const key = [whole, features].map((made) => made.map(({ version }) => version).join()).join(';')
    const known = this.#slices.get(key)
    if (known) return known
    const [all, only] = [whole, features].map((made) => made.map(({ types }) => types))
    const slice = this.#builder.schemaOf(all!, only!, { get: (layer) => this.#names.of(layer) })
    this.#slices.set(key, slice)
    return slice
  }

  /**
   * Returns why the document may select fields that its slice does not have yet: a layer that it names has no columns until it is prepared. Null if
   * nothing will be added.
   */
  notReady(document: DocumentNode, variables: Readonly<Record<string, unknown>> = {}): GeoduckError | null {
    if (this.#served.notReady) return this.#served.notReady
    const { features, whole } = namedLayers(document, variables, this.#names)
    for (const identity of features.union(whole)) {
      const layer = this.#served.layer(identity)
      if (layer?.preparation) return layerNotReady(layer.name, layer.preparation)
    }
    return null
  }

  /** Returns the layers that the document names, which may not exist, with the names of their feature types. */
  named(
    document: DocumentNode,
    variables: Readonly<Record<string, unknown>>,
  ): readonly { readonly layer: string; readonly type: string | undefined }[] {
    const { whole, features } = namedLayers(document, variables, this.#names)
    return [...whole.union(features)].sort().map((layer) => ({ layer, type: this.#names.of(layer)?.type }))
  }

  /** Identifies the names of all layers: another object means that a name has changed. Null while they are read again. */
  get naming(): object | null {
    return this.#readings === 0 ? this.#names : null
  }

  /** Call it when layers were added, removed or changed. The names are read soon, in steps, and once for many changes. */
  layersChanged(): void {
    if (this.#isAwaited) return
    this.#isAwaited = true
    this.#readings++
    this.#renewal = this.#renewal.then(() => this.#readNames())
  }

  async #readNames(): Promise<void> {
    await immediate()
    this.#isAwaited = false
    const names = await new EventLoopYield().run(this.#builder.naming(this.#served.layers()))
    if (!this.#names.areThese(names)) this.#names = new CatalogNames(names, this.#served)
    this.#readings--
  }

  /** @throws GraphQLError LAYER_NOT_FOUND if it would be a root field of several layers, because they have one short name */
  #refuseShared(field: string): void {
    if (this.#genericFields.has(field)) return
    const { root, ending } = partsOfRootField(field)
    const inSnakeCase = root.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
    for (const name of [root, inSnakeCase]) {
      const fields = this.#names.ofName(name).flatMap((layer) => this.#names.of(layer)?.field ?? [])
      if (fields.length > 1)
        throw sharedField(
          field,
          fields.slice(0, MOST_FIELDS).map((own) => own + ending),
        )
    }
  }

  #makeAll(layers: Iterable<string>): Made[] {
    return [...layers].sort().flatMap((layer) => this.#make(layer) ?? [])
  }

  #make(identity: string): Made | undefined {
    const [layer, name] = [this.#served.layer(identity), this.#names.of(identity)]
    if (!layer || !name) return undefined
    const key = `${name.type}:${identity}`
    const known = this.#made.get(key)
    if (known && isSame(known.layer, layer)) return known
    const made = { version: ++this.#versions, layer, types: this.#builder.typesOf(layer, name) }
    this.#made.set(key, made)
    return made
  }
}

/** Most fields in a message. */
const MOST_FIELDS = 8

function sharedField(field: string, others: readonly string[]): GraphQLError {
  const message = `\`${field}\` is a field of no layer, because several layers have this short name; use ${others.map((name) => `\`${name}\``).join(' or ')}.`
  return new GraphQLError(message, { originalError: new GeoduckError('LAYER_NOT_FOUND', message) })
}

function rootFieldsOf(schema: GraphQLSchema): ReadonlySet<string> {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  return new Set(roots.flatMap((type) => Object.keys(type?.getFields() ?? {})))
}

function tooManyLayers(): GraphQLError {
  const message = `Layers: at most ${MOST_TYPED_LAYERS} are allowed in the typed fields of one document; send several documents.`
  return new GraphQLError(message, { extensions: { code: 'LIMIT_EXCEEDED' } })
}

/** A mutation of a layer, with the beginning of the names of its types. */
const WRITE = /^(?:upsert|update|delete)(.+)/

/** The names of all layers, by what identifies them. */
class CatalogNames implements TypedNames {
  /** The first layer, if there is one. */
  readonly first: readonly string[]
  readonly #names: ReadonlyMap<string, LayerName>
  readonly #byField = new Map<string, string>()
  readonly #byType = new Map<string, string>()
  readonly #longest: number
  readonly #served: ServedLayers

  constructor(names: ReadonlyMap<string, LayerName>, served: ServedLayers) {
    this.#names = names
    this.#served = served
    this.first = [...names.keys().take(1)]
    for (const [layer, { field, type }] of names) {
      this.#byField.set(field, layer)
      this.#byType.set(type, layer)
    }
    this.#longest = Math.max(0, ...this.#byType.keys().map(({ length }) => length))
  }

  areThese(names: ReadonlyMap<string, LayerName>): boolean {
    const others = names.entries()
    const isSame = ([layer, { field, type }]: [string, LayerName]) => {
      const [otherLayer, other] = others.next().value ?? []
      return layer === otherLayer && field === other?.field && type === other.type
    }
    return names.size === this.#names.size && this.#names.entries().every(isSame)
  }

  of(layer: string): LayerName | undefined {
    return this.#names.get(layer)
  }

  ofName(name: string): readonly string[] {
    const layers = [name, ...this.#served.rivals(name)].flatMap((one) => this.#served.layer(one) ?? [])
    return layers.map(identityOf)
  }

  ofType(type: string): readonly string[] {
    return beginnings(type, this.#byType, this.#longest)
  }

  ofRootField(field: string): readonly string[] {
    const found = beginnings(field, this.#byField, this.#longest)
    const written = this.#byType.get(WRITE.exec(field)?.[1] ?? '')
    return [
      ...found.filter((layer) => isRootFieldOf(field, this.#names.get(layer)!)),
      ...(written === undefined ? [] : [written]),
    ]
  }
}

/** Returns the values of all keys with which the text begins. */
function beginnings(text: string, values: ReadonlyMap<string, string>, longest: number): readonly string[] {
  const found: string[] = []
  for (let end = Math.min(text.length, longest); end > 0; end--) {
    const value = values.get(text.slice(0, end))
    if (value !== undefined) found.push(value)
  }
  return found
}
