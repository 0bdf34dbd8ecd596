/**
 * The versions of served files, for `changes`. The versions that clients have are kept while they follow, so that they can be compared with those that
 * replace them.
 */
import { hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { fingerprintDigest } from '../model/cursor-seal.ts'
import type { Field, Layer } from '../model/layer.ts'
import type { Compared, FollowedVersions, KeptVersion, Layers, Release, Services } from './context.ts'

/** Digits of a digest that are the number of a version: as many as a double holds. */
const VERSION_DIGITS = 13
/** The longest that clients wait for the check of new data, without which its key is not known. */
const CHECK_MS = 60_000
/** A version is kept for this long after a client has left, which may have lost its connection. */
const LEFT_MS = 300_000

/** A version that clients have. */
interface Held {
  layer: Layer
  /** Null: it cannot be kept. */
  kept: KeptVersion | null
  readonly keeping: Promise<void>
  users: number
}

export class FileVersions implements FollowedVersions {
  /** Servers with the same files have the same versions. */
  readonly store = 'files'
  readonly #services: Pick<Services, 'catalog' | 'layerChanges'>
  readonly #held = new Map<string, Held>()
  readonly #newSince = new WeakMap<Layer, number>()

  private constructor(services: Pick<Services, 'catalog' | 'layerChanges'>) {
    this.#services = services
  }

  /** All subscriptions of a server share their versions. */
  static of({ catalog, layerChanges }: Pick<Services, 'catalog' | 'layerChanges'>): FileVersions {
    const known = ofServers.get(catalog) ?? new FileVersions({ catalog, layerChanges })
    ofServers.set(catalog, known)
    return known
  }

  layer(name: string): Layer | undefined {
    return this.#services.catalog.layer(name)
  }

  watch(name: string, wake: () => void): () => void {
    const { layerChanges } = this.#services
    const now = () => {
      const layer = this.layer(name)
      // A check may prove more of the same version.
      const held = layer && this.#held.get(idOf(name, versionOf(layer)))
      if (held) held.layer = layer
      return layer && `${versionOf(layer)} ${layer.state}`
    }
    let known = now()
    const look = () => {
      const latest = now()
      if (latest === known) return
      known = latest
      wake()
    }
    layerChanges.join(look)
    return () => layerChanges.leave(look)
  }

  keepsChangesSince(name: string, version: number): boolean {
    const layer = this.layer(name)
    return layer !== undefined && (versionOf(layer) === version || this.#keptOf(name, version) !== undefined)
  }

  boxesOfChanges(): undefined {}

  versionOf(name: string, digest: string): Layer | undefined {
    const layer = this.layer(name)
    return layer && fingerprintDigest(layer.fingerprint).toString('hex') === digest ? layer : undefined
  }

  holds({ name, fingerprint }: Layer): boolean {
    return this.layer(name)?.fingerprint === fingerprint
  }

  use(): () => void {
    return () => {}
  }

  async hold(name: string, version: number): Promise<Release> {
    const id = idOf(name, version)
    const held = this.#held.get(id) ?? this.#hold(id, name, version)
    if (!held) return () => {}
    held.users++
    await held.keeping
    let isReleased = false
    return (mayReturn = false) => {
      if (isReleased) return
      isReleased = true
      if (mayReturn) setTimeout(() => this.#release(id, held), LEFT_MS).unref()
      else this.#release(id, held)
    }
  }

  #hold(id: string, name: string, version: number): Held | undefined {
    const layer = this.layer(name)
    // Without a key there is no difference. A check may still find one.
    if (!layer || versionOf(layer) !== version || (layer.state === 'READY' && layer.key.kind !== 'COLUMN')) return undefined
    const { catalog } = this.#services
    const keeping = catalog.keep(layer).then(
      (kept) => {
        held.kept = kept
      },
      () => {},
    )
    const held: Held = { layer, kept: null, keeping, users: 0 }
    this.#held.set(id, held)
    return held
  }

  #release(id: string, held: Held): void {
    held.users -= 1
    if (held.users > 0) return
    this.#held.delete(id)
    held.kept?.release()
  }

  #keptOf(name: string, version: number): { readonly layer: Layer; readonly kept: KeptVersion } | undefined {
    const { layer, kept } = this.#held.get(idOf(name, version)) ?? {}
    return layer && kept ? { layer, kept } : undefined
  }

  isPending(name: string, version: number): boolean {
    const layer = this.layer(name)
    const isChecked = layer?.state !== 'CHECKING' || this.#keptOf(name, version)?.layer.key.kind !== 'COLUMN'
    if (isChecked) return false
    const since = this.#newSince.get(layer) ?? performance.now()
    this.#newSince.set(layer, since)
    return performance.now() - since < CHECK_MS
  }

  compared(name: string, from: number, to: number): Compared | undefined {
    const [before, after] = [from, to].map((version) => this.#keptOf(name, version))
    if (!before || !after || !canBeCompared(before.layer, after.layer)) return undefined
    const [earlier, layer] = [before, after].map((one) => ({ ...one.layer, relation: one.kept.relation })) as [Layer, Layer]
    const unchanged = async () => (await before.kept.isUnchanged()) && (await after.kept.isUnchanged())
    return { layer, earlier, unchanged }
  }
}

const ofServers = new WeakMap<Layers, FileVersions>()

const idOf = (name: string, version: number): string => `${version} ${name}`

/** True if both have a proven key, and the same columns. */
function canBeCompared(before: Layer, after: Layer): boolean {
  const [a, b] = [before, after].map(comparedPart)
  return a !== null && isDeepStrictEqual(a, b)
}

function comparedPart({ state, key, columns, geometryColumn, geometryEncoding, crs, tailoring }: Layer) {
  // The names of columns that a difference adds contain a colon.
  if (state !== 'READY' || key.kind !== 'COLUMN' || columns.some(({ name }) => name.startsWith('live:'))) return null
  return { key: key.column, columns: columns.map(typeOf), geometryColumn, geometryEncoding, crs, tailoring }
}

const typeOf = ({ name, native, readAs }: Field) => ({ name: name.toLowerCase(), native, readAs })

const versions = new WeakMap<Layer, number>()

/** Returns the number of a version. Those of a live layer grow. A file has another one when it has other data, or when a check has found its key. */
export function versionOf(layer: Layer): number {
  const { relation, fingerprint, key } = layer
  if (relation.kind === 'live') return relation.version
  const known = versions.get(layer)
  if (known !== undefined) return known
  const version = Number.parseInt(hash('sha256', JSON.stringify([fingerprint, key])).slice(0, VERSION_DIGITS), 16)
  versions.set(layer, version)
  return version
}
