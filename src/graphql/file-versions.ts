/** The versions of served files, for `changes`. A file has one version at a time, and no differences between versions. */
import { hash } from 'node:crypto'
import { fingerprintDigest } from '../model/cursor-seal.ts'
import type { Layer } from '../model/layer.ts'
import type { FollowedVersions, Services } from './context.ts'

/** Digits of a digest that are the number of a version: as many as a double holds. */
const VERSION_DIGITS = 13

export class FileVersions implements FollowedVersions {
  /** Servers with the same files have the same versions. */
  readonly store = 'files'
  readonly #services: Pick<Services, 'catalog' | 'layerChanges'>

  constructor(services: Pick<Services, 'catalog' | 'layerChanges'>) {
    this.#services = services
  }

  layer(name: string): Layer | undefined {
    return this.#services.catalog.layer(name)
  }

  watch(name: string, wake: () => void): () => void {
    const { layerChanges } = this.#services
    const versionNow = () => {
      const layer = this.layer(name)
      return layer && versionOf(layer)
    }
    let known = versionNow()
    const look = () => {
      const now = versionNow()
      if (now === known) return
      known = now
      wake()
    }
    layerChanges.join(look)
    return () => layerChanges.leave(look)
  }

  keepsChangesSince(name: string, version: number): boolean {
    const layer = this.layer(name)
    return layer !== undefined && versionOf(layer) === version
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
}

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
