/** A live layer as a collection of features. */
import type { Endpoint } from './options.ts'
import { EVENTS, VARIABLES, Watch, type WatchArguments, type WatchControl } from './watch.ts'

export type WatchOptions = WatchArguments & WatchControl<LayerWatch> & Endpoint

const text = `subscription Watch(${VARIABLES}) {
  changes(layer: $layer, where: $where, since: $since, maxPerSecond: $maxPerSecond) { ${EVENTS} ... on UpToDate { token version } }
}`

interface UpToDate {
  readonly __typename: 'UpToDate'
  readonly token: string
  readonly version: string
}

export class LayerWatch extends Watch<LayerWatch, UpToDate> {
  constructor(options: WatchOptions) {
    super(options)
    this.run()
  }

  protected override begin() {
    return { text, variables: this.variables }
  }

  protected override receiveOther({ version }: UpToDate): void {
    this.complete(version)
  }
}
