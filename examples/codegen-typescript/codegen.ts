import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: 'src/*.ts',
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string',
        enumsAsTypes: true,
        importExtension: '.ts',
        strictScalars: true,
        useTypeImports: true,
        // Each scalar as it is in JSON.
        scalars: {
          ArrowIPC: 'string',
          BBox: '[west: number, south: number, east: number, north: number]',
          BigInt: 'string',
          Cursor: 'string',
          Date: 'string',
          DateTime: 'string',
          GeoJSON: "import('geojson').FeatureCollection",
          Geometry: "import('geojson').Geometry",
          JSON: "import('../json.ts').Json",
          LocalDateTime: 'string',
        },
      },
    },
  },
}

export default config
