/** Recognises paths that name something on another machine, or something that another program must open. Only files are served. */

const DOWNLOAD = 'download it first, and name the file'
const EXPORT = 'export its tables first, for example to GeoParquet by ogr2ogr or DuckDB, and name the files'
const UNPACK = 'unpack it first, and name the files'

type Kind = readonly [what: string, remedy: string]

const SCHEMES: readonly (readonly [schemes: RegExp, ...Kind])[] = [
  [/^file$/, 'a URL', 'write the path without file://'],
  [/^(https?|ftps?|sftp|scp|ssh)$/, 'an address of the web', DOWNLOAD],
  [/^(s3[an]?|gs|gcs|az|azure|abfss?|wasbs?|adl|r2|oss|swift|(web)?hdfs|hf)$/, 'object storage', DOWNLOAD],
  [
    /^(postgres(ql)?|pg|postgis|mysql|mariadb|mssql|sqlserver|oci|oracle|mongodb|snowflake|bigquery|redshift|jdbc|odbc|md|motherduck|ducklake)$/,
    'a database server',
    EXPORT,
  ],
  [/^(wfs|wms|wmts|wcs|oapif|ogcapi|stac|esrijson)$/, 'a web service', DOWNLOAD],
]

const VIRTUAL = /^\/(vsi[a-z0-9]+)([/_?]|$)/i
const ARCHIVES = /^vsi(zip|tar|gzip|7z|rar)$/i
/** At least two characters: one letter and a colon are a drive of Windows. */
const SCHEME = /^([a-z][a-z0-9.-]+)(?:\+[a-z0-9.-]+)?:(\/\/)?/i
const CONNECTION = /(^|\s)(host|hostaddr|dbname|user|password|port)\s*=\s*\S+\s+\w+\s*=/i

function kindOf(given: string): Kind | null {
  // A value from a file of environment variables may have quotes and blanks.
  const path = given.replace(/^[\s"']+/, '')
  const virtual = VIRTUAL.exec(path)?.[1]
  if (virtual !== undefined) return [`a path of GDAL (/${virtual})`, ARCHIVES.test(virtual) ? UNPACK : DOWNLOAD]
  if (CONNECTION.test(path)) return ['a database server', EXPORT]
  const [, scheme, slashes] = SCHEME.exec(path) ?? []
  if (scheme === undefined) return null
  const [, ...known] = SCHEMES.find(([schemes]) => schemes.test(scheme.toLowerCase())) ?? []
  if (known.length > 0) return known as unknown as Kind
  return slashes === undefined ? null : ['an address', DOWNLOAD]
}

/** True for the address of an object of another machine that is read where it is. */
export function isObject(path: string): boolean {
  return /^(https?|s3):\/\//i.test(path) && URL.canParse(path)
}

/** Returns why such a path is not served, and what to do instead. Null for a path of this machine. */
export function remoteReason(path: string): string | null {
  const kind = kindOf(path)
  return kind && `it is ${kind[0]}, and only files of this machine are served: ${kind[1]}`
}

/** Returns the path without passwords and signatures, which only addresses hold. */
export function shownPath(path: string): string {
  if (kindOf(path) === null) return path
  return path
    .replace(/\b(jdbc:\w+:|oci:).*$/i, '$1…')
    .replace(/(\/\/|:[/\\]{1,2})([^/]*:.*|[^/]*)@/, '$1')
    .replace(/[?#].*$/, '')
    .replace(/(\w*(?:password|pwd|secret|token|key)\w*\s*=\s*)('[^']*'?|[^\s;&]+)/gi, '$1…')
}

/** Returns the address of an object of S3. Keeps `=`, because folders may be columns (key=value). */
export function objectAddress(bucket: string, key: string): string {
  return `s3://${bucket}/${key.split('/').map(encodeURIComponent).join('/').replaceAll('%3D', '=')}`
}
