import type { Parameter } from './plan.ts'

/** The values of one statement, in the order of their numbers. */
export class Parameters {
  readonly values: Parameter[] = []
  /** SQL of constants that the statement must not end without having computed: what fails in them is swallowed where they are used. */
  readonly proofs: string[] = []

  /** `$n`. A value says nothing of its type to the engine: the caller casts it. */
  bind(value: Parameter): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  double(value: number): string {
    return `CAST(${this.bind(value)} AS DOUBLE)`
  }

  text(value: string): string {
    return `CAST(${this.bind(value)} AS VARCHAR)`
  }
}
