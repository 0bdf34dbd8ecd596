import type { CodegenConfig } from '@graphql-codegen/cli'

/** The arguments of `geoduck/client`, as operations: their variables and their inputs become types. */
const STREAM = `subscription Stream(
  $layer: String!, $where: FeatureFilter, $orderBy: [FeatureOrder!], $batchSize: Int, $limit: Int, $after: Cursor
) {
  featureBatches(layer: $layer, where: $where, orderBy: $orderBy, batchSize: $batchSize, limit: $limit, after: $after) { count }
}`
const FENCES = `subscription Fences(
  $objects: String!, $fences: FencesInput!, $detect: [FenceDetection!], $dwell: DwellInput, $where: FeatureFilter, $since: Cursor, $maxPerSecond: Float
) {
  fences(objects: $objects, fences: $fences, detect: $detect, dwell: $dwell, where: $where, since: $since, maxPerSecond: $maxPerSecond) { __typename }
}`

/** Resolver types, and the client's input types, from the contract. The output is committed; a stale one fails the build. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  generates: {
    'src/graphql/generated.ts': {
      plugins: ['typescript', 'typescript-resolvers'],
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        importExtension: '.ts',
        strictScalars: true,
        avoidOptionals: { field: true, inputValue: false },
        immutableTypes: true,
        contextType: './context.ts#Context',
        scalars: {
          ID: { input: 'string', output: 'string | number' },
          ArrowIPC: '../delivery/raw-json.ts#RawJson',
          BBox: 'readonly number[]',
          BigInt: { input: 'bigint', output: 'bigint | number' },
          Cursor: 'string',
          Date: 'string',
          DateTime: 'string',
          LocalDateTime: 'string',
          GeoJSON: '../delivery/raw-json.ts#RawJson',
          Geometry: 'unknown',
          JSON: 'unknown',
        },
        mappers: {
          Layer: '../model/layer.ts#Layer as LayerModel',
          Column: './delivery.ts#NamedColumn',
          LayerKey: '../model/layer.ts#LayerKey as LayerKeyModel',
          InvalidFeature: '../model/layer.ts#InvalidFeature as InvalidFeatureModel',
          FeatureConnection: './delivery.ts#AnyPage',
          FeatureBatch: './delivery.ts#BatchDelivery',
          GroupConnection: './delivery.ts#GroupPageDelivery',
          GroupBatch: './delivery.ts#GroupBatchDelivery',
          SnapshotBatch: './change-events.ts#SnapshotDelivery',
          ChangeBatch: './change-events.ts#ChangeDelivery',
          FenceBatch: './fence-events.ts#FenceDelivery',
          ChangedFeatures: './delivery.ts#PageDelivery',
          ViewportCells: './viewport-events.ts#CellsDelivery',
          Worker: '../engines/engine.ts#WorkerHealth',
          Execution: '../engines/engine.ts#ExecutionReport',
          Explanation: '../engines/engine.ts#Explanation as ExplanationModel',
        },
      },
    },
    'src/client/inputs.ts': {
      documents: [STREAM, FENCES],
      plugins: ['typescript-operations'],
      config: {
        immutableTypes: true,
        arrayInputCoercion: false,
        defaultScalarType: 'unknown',
        scalars: { BBox: 'readonly number[]', Cursor: 'string', JSON: 'unknown' },
      },
    },
  },
}

export default config
