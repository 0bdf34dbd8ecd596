/** Parsed documents, because clients send the same ones again. */
import type { DocumentNode } from 'graphql'

/**
 * Most characters of all kept documents. A document takes up to 300 bytes of memory per character, for its tokens and nodes, so all of them take at
 * most 80 MB. A number of documents would be no limit: 1,000 of 1 MB are a gigabyte.
 */
export const MOST_CHARACTERS = 262_144
/** Characters of the longest document that is kept. GraphiQL's introspection, a long document, has 2,000. */
export const LONGEST = 16_384

/** The documents that were used last. Yoga asks for them by their text. */
export class ParsedDocuments {
  readonly #documents = new Map<string, DocumentNode>()
  #characters = 0

  /** Characters of all kept documents. */
  get characters(): number {
    return this.#characters
  }

  get(text: string): DocumentNode | undefined {
    const document = this.#documents.get(text)
    if (!document) return undefined
    this.#documents.delete(text)
    this.#documents.set(text, document)
    return document
  }

  set(text: string, document: DocumentNode): void {
    if (text.length > LONGEST) return
    this.#forget(text)
    this.#documents.set(text, document)
    this.#characters += text.length
    while (this.#characters > MOST_CHARACTERS) this.#forget(this.#documents.keys().next().value!)
  }

  #forget(text: string): void {
    if (this.#documents.delete(text)) this.#characters -= text.length
  }
}

/** Errors of documents that cannot be parsed are not kept: nobody sends these again on purpose. */
export const NO_ERRORS = { get: () => undefined, set: () => undefined } as const
