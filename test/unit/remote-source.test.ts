import { expect, test } from 'vitest'
import { remoteReason, shownPath } from '../../src/model/remote-source.ts'

const DOWNLOAD = /^it is .+, and only files of this machine are served: download it first/
const EXPORT = /^it is a database server, and only files of this machine are served: export its tables first/

test.each([
  ['s3://bucket/a.parquet', /^it is object storage/],
  ['S3://bucket/a.parquet', /^it is object storage/],
  ['gs://bucket/a.parquet', DOWNLOAD],
  ['abfss://container@account.dfs.core.windows.net/a.parquet', DOWNLOAD],
  ['https://example.org/a.parquet', /^it is an address of the web/],
  ['ftp://example.org/a.gpkg', DOWNLOAD],
  ['elsewhere://a', /^it is an address, /],
  ['postgres://example.org/city', EXPORT],
  ['postgresql+psycopg://example.org/city', EXPORT],
  ['PG:dbname=city', EXPORT],
  ['host=example.org dbname=city', EXPORT],
  ['jdbc:postgresql://example.org/city', EXPORT],
  ['md:city', EXPORT],
  ['WFS:https://example.org/wfs', /^it is a web service/],
  ['/vsicurl/https://example.org/a.parquet', /^it is a path of GDAL \(\/vsicurl\), .*download it first/],
  ['/vsis3/bucket/a.parquet', /\(\/vsis3\), .*download it first/],
  ['/vsizip/a.zip/roads.shp', /\(\/vsizip\), .*unpack it first/],
  ['file:///data/a.parquet', /^it is a URL, .*write the path without file:\/\//],
])('%s is named as what it is, with what to do instead', (path, reason) => {
  expect(remoteReason(path)).toMatch(reason)
})

test.each([
  'a.parquet',
  '/data/a.parquet',
  'C:\\data\\a.parquet',
  'c:/data/a.parquet',
  'tiles/*.parquet',
  'user=5/part-0.parquet',
  'a:b.parquet',
  'vsi/a.parquet',
  '/vsi/a.parquet',
  './s3:/a.parquet',
  'https.parquet',
])('%s is a path of this machine', (path) => {
  expect([remoteReason(path), shownPath(path)]).toEqual([null, path])
})

test.each([
  ['postgres://reader:secret@example.org:5432/city', 'postgres://example.org:5432/city'],
  ['postgres://reader:se/cr@t@example.org/city', 'postgres://example.org/city'],
  ['postgres://reader:secret#@example.org/city', 'postgres://example.org/city'],
  ['mysql://secret@example.org/city', 'mysql://example.org/city'],
  ['https://example.org/a.parquet?X-Amz-Signature=secret', 'https://example.org/a.parquet'],
  ['https://example.org/a@2/b.parquet#secret', 'https://example.org/a@2/b.parquet'],
  ['/vsicurl/https://reader:secret@example.org/a.parquet?token=secret', '/vsicurl/https://example.org/a.parquet'],
  ["PG:dbname=city user=reader password='my secret'", 'PG:dbname=city user=reader password=…'],
  ['host=example.org password = secret dbname=city', 'host=example.org password = … dbname=city'],
  ['jdbc:sqlserver://example.org;user=reader;password=secret;encrypt=true', 'jdbc:sqlserver:…'],
  ['jdbc:oracle:thin:reader/secret@//example.org/city', 'jdbc:oracle:…'],
  ['OCI:reader/secret@city', 'OCI:…'],
  ['https:/reader:secret@example.org/a.parquet', 'https:/example.org/a.parquet'],
  ['https:\\\\reader:secret@example.org', 'https:\\\\example.org'],
  ['"https://reader:secret@example.org"', '"https://example.org"'],
  [" 'https://reader:secret@example.org'", " 'https://example.org'"],
])('the secret in %s is not shown', (path, shown) => {
  expect(remoteReason(path)).not.toBeNull()
  expect(shownPath(path)).toBe(shown)
})
