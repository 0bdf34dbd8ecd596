/** Every page of the documentation, and for each of its blocks, in their order, how it is shown to be true. */

import { join } from 'node:path'
import { expect } from 'vitest'
import { within } from '../../support/import.ts'
import { answeredFromRemote, prints, printsWith, remote, remoteWith, secure } from './commands.ts'
import { accepted, doctor, refused, stores } from './configuration.ts'
import { files, json, lines, ranges, signed } from './downloads.ts'
import { type Example, notRun } from './example.ts'
import { changed, fenced, uploaded, viewed, written } from './live.ts'
import { sharedName } from './names.ts'
import { metrics, scraped, slow } from './operations.ts'
import { VISITORS } from './place.ts'
import { answered, answerTo, partOf, streamed } from './questions.ts'
import { gathered } from './spark.ts'
import { conversation } from './wire.ts'

const ofProperty = (property: string) => `{ features(layer: "observations", where: { property: ${property} }) { count } }`
const LIECHTENSTEIN = 'layer: "countries", where: { property: { name: "name", eq: "Liechtenstein" } }'
const PROGRAM = 'test/system/docs/clients.test.ts runs it'

export const PAGES: Readonly<Record<string, readonly Example[]>> = {
  'README.md': [
    notRun(['sh'], 'test/system/packaging/start.test.ts starts the demo, and this is a test'),
    answered,
    streamed,
    notRun(['js', 'text'], PROGRAM),
  ],
  'docs/aggregates.md': [answered, answered, answered, answered, answered],
  'docs/architecture.md': [notRun([''], 'a drawing'), notRun([''], 'test/unit/layout.test.ts holds it')],
  'docs/fences.md': fenced,
  'docs/changes.md': [changed, notRun(['js'], 'test/system/live/watch-layer.test.ts uses it')],
  'docs/clients.md': [
    notRun(['sh', 'text'], PROGRAM),
    notRun(['sh', 'text'], PROGRAM),
    notRun(['yaml'], 'test/system/clients/codegen.test.ts makes types by it'),
  ],
  'docs/clients/apollo.md': Array.from({ length: 4 }, () => notRun(['js', 'text'], PROGRAM)),
  'docs/clients/codegen.md': [
    notRun(['sh', 'sh'], 'test/system/config/command.test.ts prints schemas'),
    ...Array.from({ length: 7 }, () => notRun(['ts'], 'test/system/clients/codegen-typescript.test.ts compiles and runs it')),
  ],
  'docs/clients/geoduck-client.md': [
    notRun(['js', 'text'], PROGRAM),
    notRun(['sh'], 'test/system/packaging/client-package.test.ts installs it'),
    ...Array.from({ length: 3 }, () => notRun(['js', 'text'], PROGRAM)),
  ],
  'docs/clients/graphql-ws.md': Array.from({ length: 2 }, () => notRun(['js', 'text'], PROGRAM)),
  'docs/clients/http.md': Array.from({ length: 4 }, () => notRun(['sh', 'text'], PROGRAM)),
  'docs/clients/python.md': [notRun(['python', 'text'], PROGRAM)],
  'docs/clients/urql.md': [notRun(['js', 'text', 'js', 'text'], PROGRAM)],
  'docs/configuration.md': [accepted, refused, doctor],
  'docs/containers.md': Array.from({ length: 2 }, () =>
    notRun([''], 'it takes Docker; test/system/packaging/deploy.test.ts runs what the Dockerfile runs'),
  ),
  'docs/downloads.md': [files('observations', 200_000), lines('json'), lines('text'), lines('json'), lines('text')],
  'docs/errors.md': [answered],
  'docs/exports.md': [prints(null, { below: 'prepare' }), ranges],
  'docs/filters.md': [
    ...Array.from({ length: 5 }, () => answered),
    answerTo(ofProperty('{ name: "specie", eq: "Barn swallow" }')),
    answerTo(ofProperty('{ name: "species", eq: null }')),
    partOf(`{ features(${LIECHTENSTEIN}) { geojson(precision: 2, bbox: true) } }`),
  ],
  'docs/formats.md': [],
  'docs/import.md': [
    prints(null, {
      before: ({ folder }) => within(join(folder, 'city.duckdb'), ['CREATE TABLE streets AS SELECT 1 AS id']),
    }),
    prints(null),
  ],
  'docs/limits.md': [],
  'docs/names.md': [answered, sharedName],
  'docs/live-clients.md': [
    notRun(['js', 'text', 'js', 'js'], 'test/system/live/clients.test.ts runs them'),
    notRun(['js'], 'test/system/map/examples.test.ts runs it in a browser'),
  ],
  'docs/live.md': [notRun(['sh'], 'the next example starts such a server'), written, prints(null), prints(null), prints(null)],
  'docs/logs.md': [
    notRun([''], 'test/system/server/output.test.ts reads the URLs'),
    prints(null, { below: 'prepare', quiet: true }),
    // In a folder without a configuration file, which would have layers.
    ...Array.from({ length: 3 }, () => prints(null, { below: 'prepare', code: 1 })),
    notRun([''], 'test/system/packaging/package.test.ts runs old versions of Node'),
  ],
  'docs/nearest.md': [answered, answered],
  'docs/map.md': [answered, answered],
  'docs/operations.md': [
    prints(null, { code: 1 }),
    scraped,
    metrics,
    slow,
    notRun([''], 'test/system/explain.test.ts runs it; plans of the engine are too long to show in full'),
  ],
  'docs/proxies.md': [
    ...['nginx', 'caddy'].map((proxy) => notRun([proxy], 'test/system/server/proxies.test.ts runs it')),
    notRun(['haproxy'], 'HAProxy 2.6 has run it by hand'),
    prints(null),
  ],
  'docs/reliability.md': [],
  'docs/remote.md': [
    remote(0),
    notRun(['sh'], 'test/system/remote/s3.test.ts serves a store'),
    stores,
    secure,
    remote(1),
    remoteWith('mirror.yaml'),
    answeredFromRemote,
  ],
  'docs/scale.md': [
    notRun([''], 'it takes Docker; test/system/packaging/deploy.test.ts reads the compose file'),
    notRun(['caddy'], 'test/system/server/servers.test.ts runs it'),
    notRun([''], 'it takes Docker; test/system/packaging/deploy.test.ts reads the compose file'),
    notRun([''], 'VersityGW 1.8 has run it by hand, and has served it'),
    notRun(['caddy'], 'test/system/live/follower.test.ts runs it'),
  ],
  'docs/sources.md': [
    { blocks: ['csv'], holds: async (_, text) => expect(`${text?.trimEnd()}\n`).toBe(VISITORS) },
    answered,
    prints('geoduck prepare data/', { below: 'prepare', quiet: true }),
    partOf('{ layer(name: "lakes") { check { invalid firstInvalid { key reason } } } }'),
    notRun(['sh'], 'it takes strace; test/engine/catalog/prepare/hostile.test.ts has the files'),
  ],
  'docs/spark.md': [
    notRun(['sh'], 'test/support/spark.ts starts such a server'),
    gathered,
    notRun(['yaml'], 'test/system/spark/tables.test.ts serves such tables'),
  ],
  'docs/speed.md': [],
  'docs/subscriptions.md': [conversation, conversation],
  'docs/tiles.md': [
    notRun(['js'], 'test/system/server/tiles.test.ts reads the same tiles'),
    json,
    signed,
    json,
    notRun(['js'], 'test/system/server/tiles.test.ts reads the same cells'),
    notRun(['yaml'], 'test/system/server/tiles.test.ts has a layer with a column of importance'),
    prints(null, { below: 'prepare' }),
  ],
  'docs/typed-aggregates.md': [answered],
  'docs/typed-layers.md': [
    answered,
    streamed,
    answered,
    notRun(['yaml'], 'test/unit/config/file.test.ts reads such a file; test/system/server/typed-layers.test.ts serves it'),
    printsWith('towns.yaml'),
  ],
  'docs/uploads.md': [uploaded],
  'docs/viewports.md': [viewed, notRun(['js'], 'test/system/live/watch-viewport.test.ts uses it')],
}
