// @ts-check
/** The files that a layer can be downloaded as: the one list of them in the page. */

/** @type {readonly { ending: string, label: string, lonLat: boolean }[]} `lonLat`: only in longitude and latitude */
export const ENDINGS = [
  { ending: 'geojsonl', label: 'GeoJSON, one feature per line', lonLat: true },
  { ending: 'geojson', label: 'GeoJSON, one FeatureCollection', lonLat: true },
  { ending: 'csv', label: 'CSV with the geometry as WKT', lonLat: false },
  { ending: 'arrows', label: 'Arrow stream', lonLat: false },
  { ending: 'parquet', label: 'GeoParquet', lonLat: false },
  { ending: 'gpkg', label: 'GeoPackage', lonLat: false },
  { ending: 'fgb', label: 'FlatGeobuf', lonLat: false },
  { ending: 'shp.zip', label: 'Shapefile, zipped', lonLat: false },
  { ending: 'kml', label: 'KML', lonLat: false },
  { ending: 'pmtiles', label: 'PMTiles, an archive of vector tiles', lonLat: false },
]
