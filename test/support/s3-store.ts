/** Object stores with the interface of S3: moto, which refuses what botocore would not have signed, and LocalBucket, which is independent of both. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from './environment.ts'

/** Two users: one may read and put, the other has no rights. The first actions need no signature, so that users can be made. */
const PROGRAM = `
import os, sys, json, boto3
os.environ['INITIAL_NO_AUTH_ACTION_COUNT'] = '1000000'
from moto.server import ThreadedMotoServer
from moto.core.responses import ActionAuthenticatorMixin
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f'http://127.0.0.1:{port}'
given = dict(endpoint_url=url, region_name='eu-north-1', aws_access_key_id='a', aws_secret_access_key='b')
iam, s3 = boto3.client('iam', **given), boto3.client('s3', **given)
iam.create_user(UserName='reader')
policy = json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': ['s3:GetObject', 's3:ListBucket', 's3:PutObject'], 'Resource': '*'}]})
iam.put_user_policy(UserName='reader', PolicyName='read', PolicyDocument=policy)
key = iam.create_access_key(UserName='reader')['AccessKey']
s3.create_bucket(Bucket='data', CreateBucketConfiguration={'LocationConstraint': 'eu-north-1'})
def closed(is_closed):
    ActionAuthenticatorMixin.request_count = 10**7 if is_closed else 0
closed(True)
print(json.dumps({'url': url, 'id': key['AccessKeyId'], 'secret': key['SecretAccessKey']}), flush=True)
for line in sys.stdin:
    name, file = json.loads(line)
    closed(False)
    if file is None: s3.delete_object(Bucket='data', Key=name)
    else: s3.upload_file(file, 'data', name)
    closed(True)
    print(json.dumps('done'), flush=True)
`

export interface S3Store {
  readonly url: string
  readonly id: string
  readonly secret: string
  /** Puts a file into the bucket `data`; null deletes the object. */
  put(key: string, file: string | null): Promise<void>
  close(): void
}

export async function openS3Store(): Promise<S3Store> {
  const child = python(PROGRAM)
  const next = answersOf(child)
  const { url, id, secret } = (await next()) as Pick<S3Store, 'url' | 'id' | 'secret'>
  return {
    url,
    id,
    secret,
    async put(key, file) {
      child.stdin!.write(`${JSON.stringify([key, file])}\n`)
      await next()
    },
    close: () => void child.kill('SIGKILL'),
  }
}

const FOLDER_PROGRAM = `
import sys, pathlib, json, localbucket
from http.server import ThreadingHTTPServer
localbucket.S3Handler.data_root = pathlib.Path(sys.argv[1]).resolve()
server = ThreadingHTTPServer(('127.0.0.1', 0), localbucket.S3Handler)
print(json.dumps(f'http://127.0.0.1:{server.server_address[1]}'), flush=True)
server.serve_forever()
`

/** LocalBucket over a folder, whose folders are buckets. It takes any credentials, and ignores \`If-Match\`. */
export async function openFolderStore(folder: string): Promise<Pick<S3Store, 'url' | 'close'>> {
  const child = python(FOLDER_PROGRAM, folder)
  return { url: (await answersOf(child)()) as string, close: () => void child.kill('SIGKILL') }
}

function python(program: string, ...args: readonly string[]): ChildProcess {
  const env = { ...process.env, PYTHONPATH: join(ROOT, '.geoduck/s3') }
  return spawn('python3', ['-c', program, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Returns a function that reads the next line of JSON. */
function answersOf(child: ChildProcess): () => Promise<unknown> {
  let errors = ''
  child.stderr!.on('data', (text) => (errors = `${errors}${text}`.slice(-2_000)))
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the store ended: ${errors}`)
    return JSON.parse(value)
  }
}
