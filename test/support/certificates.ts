/** Certificates of an authority that no system knows, made by openssl. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

export interface Authority {
  /** The file of the authority's certificate. */
  readonly file: string
  /** @param names such as `IP:127.0.0.1,DNS:localhost` */
  certify(names: string): Certificate
}

export function authority(folder: string): Authority {
  const make = (name: string, options: readonly string[]) => {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const args = ['req', '-x509', ...curve, '-days', '2', '-keyout', key, '-out', cert, ...options]
    execFileSync('openssl', args, { stdio: 'pipe' })
    return { key, cert }
  }
  const own = make('authority', ['-subj', '/CN=authority of tests'])
  let made = 0
  return {
    file: own.cert,
    certify(names) {
      const options = ['-subj', '/CN=server of tests', '-addext', `subjectAltName=${names}`, '-CA', own.cert, '-CAkey', own.key]
      const { key, cert } = make(`server-${made++}`, [...options, '-addext', 'basicConstraints=critical,CA:FALSE'])
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
    },
  }
}
