import type { Layer } from '../../src/model/layer.ts'

const TEXT = { type: { kind: 'utf8' }, native: 'VARCHAR', jsonType: 'STRING', nullable: true } as const

export const LAYER: Layer = {
  name: 'buildings',
  state: 'READY',
  relation: { kind: 'parquet', files: ['/data/buildings.parquet'], fileRows: [3] },
  columns: ['name', 'height', 'class'].map((name) => ({ name, ...TEXT })),
  geometryColumn: 'geometry',
  geometryEncoding: 'WKB',
  geometryTypes: ['Polygon'],
  hasZ: false,
  crs: { code: 'OGC:CRS84', name: 'WGS 84', isLonLat: true },
  extent: [5, 47, 15, 55],
  featureCount: 3,
  key: { kind: 'ROW_NUMBER' },
  pruning: { kind: 'NONE' },
  fingerprint: '3fa9c10000',
}
