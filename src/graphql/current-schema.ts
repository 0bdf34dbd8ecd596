/**
 * The schema of each operation: a slice with the generic part and the layers that its document names. So an operation costs the same with 10 layers
 * and with 10,000.
 */
import { type DocumentNode, GraphQLError, type GraphQLSchema } from 'graphql'
import type { Layer } from '../model/layer.ts'
import { type LayerNames, namedLayers } from './named-layers.ts'
import { LayerTypeBuilder, type LayerTypes, openSchema } from './schema.ts'

/** The layers that are served. */
export interface ServedLayers<Served = Layer> {
  layers(): readonly Served[]
  layer(name: string): Served | undefined
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

interface KeptTypes {
  /** Distinguishes the types of this layer from earlier ones, and from those of other layers. */
  readonly version: number
  readonly of: Layer['columns'] | undefined
  readonly types: LayerTypes
}

type Sliced = Pick<Layer, 'name'> & Partial<Pick<Layer, 'columns'>>

export class CurrentSchema {
  readonly generic = openSchema()
  readonly #served: ServedLayers<Sliced>
  readonly #builder = new LayerTypeBuilder(this.generic)
  readonly #types = new RecentlyUsed<KeptTypes>(MOST_LAYERS)
  readonly #slices = new RecentlyUsed<GraphQLSchema>(MOST_SLICES)
  #names: CatalogNames
  #versions = 0
  #isAwaited = false

  constructor(served: ServedLayers<Sliced>) {
    this.#served = served
    this.#names = this.#namesNow()
  }

  /**
   * Returns the schema for the document. The same document gets the same object while its layers are unchanged.
   *
   * @throws GraphQLError LIMIT_EXCEEDED if the document names the types of too many layers
   */
  slice(document: DocumentNode, variables: Readonly<Record<string, unknown>> = {}): GraphQLSchema {
    const { features, whole } = namedLayers(document, variables, this.#names)
    if (whole.size > MOST_TYPED_LAYERS) throw tooManyLayers()
    const named = [...new Set([...features, ...whole])].sort().flatMap((name) => this.#typesOf(name) ?? [])
    // Fragments on interfaces are valid only if a type implements both.
    const kept = named.length > 0 ? named : [this.#typesOf(this.#names.first) ?? []].flat()
    const key = kept.map(({ version }) => version).join()
    return this.#slices.get(key, () => this.#builder.schemaOf(kept.map(({ types }) => types)))
  }

  /** Call it when layers were added or removed. The names are read soon, once for many changes: 10,000 layers take about 30 ms. */
  layersChanged(): void {
    if (this.#isAwaited) return
    this.#isAwaited = true
    setImmediate(() => {
      this.#isAwaited = false
      this.#names = this.#namesNow()
    })
  }

  #namesNow(): CatalogNames {
    return new CatalogNames(this.#builder.namesOf(this.#served.layers()))
  }

  #typesOf(name: string | undefined): KeptTypes | undefined {
    const layer = name === undefined ? undefined : this.#served.layer(name)
    const prefix = layer && this.#names.prefixOf(layer.name)
    if (!layer || prefix === undefined) return undefined
    const make = () => ({ version: ++this.#versions, of: layer.columns, types: this.#builder.typesOf(layer, prefix) })
    return this.#types.get(`${prefix} ${layer.name}`, make, ({ of }) => of === layer.columns)
  }
}

function tooManyLayers(): GraphQLError {
  const message = `Layers: at most ${MOST_TYPED_LAYERS} are allowed in the typed fields of one document; send several documents.`
  return new GraphQLError(message, { extensions: { code: 'LIMIT_EXCEEDED' } })
}

/** The names of the types and root fields of all layers. */
class CatalogNames implements LayerNames {
  /** The first layer by name. */
  readonly first: string | undefined
  readonly #prefixes: ReadonlyMap<string, string>
  readonly #layers: ReadonlyMap<string, string>
  readonly #longest: number

  /** @param prefixes the beginning of the names of each layer's types */
  constructor(prefixes: ReadonlyMap<string, string>) {
    this.#prefixes = prefixes
    this.#layers = new Map([...prefixes].map(([layer, prefix]) => [prefix, layer]))
    this.#longest = Math.max(0, ...prefixes.values().map(({ length }) => length))
    this.first = prefixes.keys().next().value
  }

  prefixOf(layer: string): string | undefined {
    return this.#prefixes.get(layer)
  }

  ofType(type: string): readonly string[] {
    const found: string[] = []
    for (let end = Math.min(type.length, this.#longest); end > 0; end--) {
      const layer = this.#layers.get(type.slice(0, end))
      if (layer !== undefined) found.push(layer)
    }
    return found
  }

  ofRootField(_field: string): readonly string[] {
    return []
  }
}

/** Keeps the values that were used last. */
class RecentlyUsed<Value> {
  readonly #most: number
  readonly #values = new Map<string, Value>()

  constructor(most: number) {
    this.#most = most
  }

  /** Returns the value of the key. Makes it if there is none, or none that is current. */
  get(key: string, make: () => Value, isCurrent: (value: Value) => boolean = () => true): Value {
    const known = this.#values.get(key)
    this.#values.delete(key)
    const value = known !== undefined && isCurrent(known) ? known : make()
    this.#values.set(key, value)
    if (this.#values.size > this.#most) this.#values.delete(this.#values.keys().next().value!)
    return value
  }
}
