/**
 * The program that writes into a live store. It is the only writer, it reads only its messages, and it never serves. Each message is one
 * transaction, which is on the disk before the answer.
 */
import type { DatabaseSync } from 'node:sqlite'
import { around, gathered } from '../../../../geometry/box.ts'
import { boxOfWkb } from '../../../../geometry/wkb-box.ts'
import type { BBox } from '../../../../model/layer.ts'
import type { LiveAnswer, LiveMutation, LiveOperation, LiveState } from '../../../../model/live.ts'
import { digestOf } from '../../../../model/live-upload.ts'
import type { StoreContent, WriterMessage, Written } from '../../host/live-messages.ts'
import { contentOf, layersIn, openForWriting } from '../../host/live-store.ts'
import { answerWith } from '../answer.ts'

/** Rows that are removed in one transaction, so that mutations do not wait for it. */
const FORGOTTEN_AT_ONCE = 5_000
/** An idempotency key is known for a day. */
const KEY_MS = 86_400_000

let writer: Writer | null = null

answerWith<WriterMessage>(
  async (message) => answer(message),
  // After an error of SQLite the process starts again, and reads what is on the disk.
  (error) => {
    throw error
  },
)

function answer(message: WriterMessage): unknown {
  if (message.type === 'OPEN') {
    writer = new Writer(openForWriting(message.directory))
    return writer.content()
  }
  if (!writer) throw new Error('the store is not open')
  return writer.transaction(message)
}

interface StoredImage {
  readonly properties: string
  readonly geometry: Uint8Array | null
}

class Writer {
  readonly #database: DatabaseSync
  readonly #layers: Map<string, LiveState>
  #version: number
  /** Around the changes of the transaction, by layer. */
  #boxes = new Map<number, BBox[]>()

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#layers = new Map(layersIn(database).map((layer) => [layer.name, layer]))
    this.#version = (database.prepare('SELECT version FROM store').get() as { version: number }).version
  }

  content(): StoreContent {
    return contentOf(this.#database)
  }

  transaction(message: Exclude<WriterMessage, { type: 'OPEN' }>): unknown {
    this.#database.exec('BEGIN IMMEDIATE')
    const result = this.#answer(message)
    this.#database.exec('COMMIT')
    return result
  }

  #answer(message: Exclude<WriterMessage, { type: 'OPEN' }>): unknown {
    switch (message.type) {
      case 'WRITE':
        return this.#writeAll(message.mutations)
      case 'ADD_BASE':
        return this.#addBase(message.base, message.extent)
      case 'REMOVE_BASE':
        return this.#removeBase(message.generation)
      case 'FORGET':
        return this.#forget(message.layer, message.version)
    }
  }

  #writeAll(mutations: readonly LiveMutation[]): Written {
    const changed = new Map<string, number>()
    this.#boxes = new Map()
    const answers = mutations.map((mutation) => this.#write(mutation, changed))
    const layers = [...changed.keys()].map((name) => this.#layers.get(name)!)
    for (const layer of layers) this.#keep(layer)
    this.#statement('UPDATE store SET version = ?').run(this.#version)
    const boxes = layers.map(({ id }) => gathered(this.#boxes.get(id) ?? []))
    return { answers, layers, changes: [...changed.values()], boxes, version: this.#version }
  }

  #write({ layer, operation, idempotencyKey, asked }: LiveMutation, changed: Map<string, number>): LiveAnswer {
    const digest = digestOf(layer, asked ?? operation)
    const known = this.#statement('SELECT digest, answer FROM mutations WHERE key = ?').get(idempotencyKey)
    if (known) {
      return digest.equals(known['digest'] as Uint8Array)
        ? (JSON.parse(known['answer'] as string) as LiveAnswer)
        : { refused: 'OTHER_CONTENT' }
    }
    const answer = this.#run(layer, operation)
    if ('refused' in answer) return answer
    changed.set(layer, (changed.get(layer) ?? 0) + answer.written)
    this.#statement('INSERT INTO mutations VALUES (?, ?, ?, ?)').run(idempotencyKey, Date.now(), digest, JSON.stringify(answer))
    return answer
  }

  #run(name: string, operation: LiveOperation): LiveAnswer {
    const layer = this.#layers.get(name)
    if (operation.kind === 'create') return layer ? { refused: 'LAYER_EXISTS' } : this.#create(name, operation)
    if (!layer) return { refused: 'LAYER_MISSING' }
    const version = ++this.#version
    return { version, written: this.#change(layer, version, operation) }
  }

  #change(layer: LiveState, version: number, operation: Exclude<LiveOperation, { kind: 'create' }>): number {
    switch (operation.kind) {
      case 'upsert':
        return this.#upsert(layer, version, operation)
      case 'update':
        return this.#update(layer, version, operation)
      case 'delete':
        return this.#delete(layer, version, operation)
    }
  }

  #create(name: string, { columns, crs }: Extract<LiveOperation, { kind: 'create' }>): LiveAnswer {
    const version = ++this.#version
    const { lastInsertRowid } = this.#statement(
      "INSERT INTO layers (name, columns, crs, created, version, features, types, forgotten) VALUES (?, ?, ?, ?, ?, 0, '[]', ?)",
    ).run(name, JSON.stringify(columns), crs, version, version, version)
    const id = Number(lastInsertRowid)
    const made = { id, name, columns, crs, created: version, version, features: 0, extent: null, types: [], forgotten: version }
    this.#layers.set(name, made)
    return { version, written: 0 }
  }

  #upsert(layer: LiveState, version: number, { features, ...more }: Extract<LiveOperation, { kind: 'upsert' }>): number {
    let added = 0
    for (const { key, values, geometry } of features) {
      const before = this.#find(layer, key)
      if (!before) added++
      this.#put(layer, version, key, before, { properties: JSON.stringify(values), geometry })
    }
    this.#grow(layer, version, added, more)
    return features.length
  }

  #update(layer: LiveState, version: number, operation: Extract<LiveOperation, { kind: 'update' }>): number {
    let written = 0
    for (const key of operation.keys) {
      const before = this.#find(layer, key)
      if (!before) continue
      written++
      const values = JSON.parse(before.properties) as (string | null)[]
      for (const { column, value } of operation.values) values[column] = value
      const geometry = operation.geometry ? operation.geometry.wkb : before.geometry
      this.#put(layer, version, key, before, { properties: JSON.stringify(values), geometry })
    }
    this.#grow(layer, version, 0, operation)
    return written
  }

  #put(layer: LiveState, version: number, key: string, before: StoredImage | undefined, after: StoredImage): void {
    this.#statement(
      `INSERT INTO features (layer, key, properties, geometry) VALUES (?, ?, ?, ?)
       ON CONFLICT (layer, key) DO UPDATE SET properties = excluded.properties, geometry = excluded.geometry`,
    ).run(layer.id, key, after.properties, after.geometry)
    this.#log(layer, version, key, before, after)
  }

  #grow(layer: LiveState, version: number, added: number, { extent, types }: Pick<LiveState, 'extent' | 'types'>): void {
    this.#layers.set(layer.name, {
      ...layer,
      version,
      features: layer.features + added,
      extent: around(layer.extent, extent),
      types: [...new Set([...layer.types, ...types])].sort(),
    })
  }

  #delete(layer: LiveState, version: number, { keys }: Extract<LiveOperation, { kind: 'delete' }>): number {
    let removed = 0
    for (const key of keys) {
      const before = this.#find(layer, key)
      if (!before) continue
      removed++
      this.#statement('DELETE FROM features WHERE layer = ? AND key = ?').run(layer.id, key)
      this.#log(layer, version, key, before, null)
    }
    this.#layers.set(layer.name, { ...layer, version, features: layer.features - removed })
    return removed
  }

  #find(layer: LiveState, key: string): StoredImage | undefined {
    return this.#statement('SELECT properties, geometry FROM features WHERE layer = ? AND key = ?').get(layer.id, key) as
      | StoredImage
      | undefined
  }

  #log(layer: LiveState, version: number, key: string, before: StoredImage | undefined, after: StoredImage | null): void {
    const boxes = this.#boxes.get(layer.id) ?? []
    this.#boxes.set(layer.id, boxes)
    for (const image of [before, after]) {
      const box = image?.geometry ? boxOfWkb(image.geometry) : null
      if (box) boxes.push(box)
    }
    this.#statement(
      `INSERT INTO changes (layer, version, at, key, properties_before, geometry_before, properties_after, geometry_after)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      layer.id,
      version,
      Date.now(),
      key,
      before?.properties ?? null,
      before?.geometry ?? null,
      after?.properties ?? null,
      after?.geometry ?? null,
    )
  }

  #keep({ id, version, features, extent, types }: LiveState): void {
    this.#statement('UPDATE layers SET version = ?, features = ?, extent = ?, types = ? WHERE id = ?').run(
      version,
      features,
      extent && JSON.stringify(extent),
      JSON.stringify(types),
      id,
    )
  }

  /** Returns the number of the new base. */
  #addBase({ layer, version, slot, rows }: Extract<WriterMessage, { type: 'ADD_BASE' }>['base'], extent: BBox | null): number {
    const state = this.#layers.values().find(({ id }) => id === layer)
    // Only the features at the version of the base are known to be in this extent.
    if (state?.version === version) {
      this.#layers.set(state.name, { ...state, extent })
      this.#keep({ ...state, extent })
    }
    // The message may be sent again.
    const added = this.#statement(
      'INSERT INTO bases (layer, version, slot, rows) VALUES (?, ?, ?, ?) ON CONFLICT (slot) DO NOTHING',
    )
    added.run(layer, version, slot, rows)
    return (this.#statement('SELECT id FROM bases WHERE slot = ?').get(slot) as { id: number }).id
  }

  #removeBase(generation: number): null {
    this.#statement('DELETE FROM bases WHERE id = ?').run(generation)
    return null
  }

  /** Returns true if there is more to forget. */
  #forget(layer: number, version: number): boolean {
    const state = this.#layers.values().find(({ id }) => id === layer)
    if (!state) return false
    const some = 'SELECT id FROM changes WHERE layer = ? AND version <= ? ORDER BY id LIMIT ?'
    const { changes } = this.#statement(`DELETE FROM changes WHERE id IN (${some})`).run(layer, version, FORGOTTEN_AT_ONCE)
    this.#statement('UPDATE layers SET forgotten = max(forgotten, ?) WHERE id = ?').run(version, layer)
    this.#layers.set(state.name, { ...state, forgotten: Math.max(state.forgotten, version) })
    this.#statement('DELETE FROM mutations WHERE key IN (SELECT key FROM mutations WHERE at < ? LIMIT ?)').run(
      Date.now() - KEY_MS,
      FORGOTTEN_AT_ONCE,
    )
    return Number(changes) === FORGOTTEN_AT_ONCE
  }

  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()

  #statement(sql: string): ReturnType<DatabaseSync['prepare']> {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql)
    this.#statements.set(sql, known)
    return known
  }
}
