/**
 * The barrier between a process that reads files and the network: the kernel refuses it every new socket (seccomp, Linux on x64 and arm64), and
 * so do the programs that it starts. It needs no privilege and cannot be taken back. Sockets and channels that are open already go on. It costs
 * 2 ms once, and some nanoseconds per system call. Elsewhere only the environment of the process forbids the network (`worker-environment.ts`).
 */
import koffi from 'koffi'

interface Architecture {
  /** As <linux/audit.h> names it. */
  readonly audit: number
  readonly socket: number
  readonly seccomp: number
}

const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, Architecture>>> = {
  x64: { audit: 0xc000_003e, socket: 41, seccomp: 317 },
  arm64: { audit: 0xc000_00b7, socket: 198, seccomp: 277 },
}

/** It opens sockets, too. Its number is the same everywhere. */
const IO_URING_SETUP = 425
/** From here on stand the numbers of x64's other calling convention, x32. */
const X32 = 0x4000_0000

const PR_SET_NO_NEW_PRIVS = 38
const SECCOMP_SET_MODE_FILTER = 1
/** For every thread that there is; later ones inherit it. */
const SECCOMP_FILTER_FLAG_TSYNC = 1

/** Classic BPF over `struct seccomp_data`: the number of the call stands at 0, the architecture at 4. */
const [LOAD, IS_EQUAL, IS_AT_LEAST, RETURN] = [0x20, 0x15, 0x35, 0x06]
const ALLOW = 0x7fff_0000
const EACCES = 0x0005_0000 | 13

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number]

const filterOf = ({ audit, socket }: Architecture): readonly Instruction[] => [
  [LOAD, 0, 0, 4],
  [IS_EQUAL, 0, 5, audit],
  [LOAD, 0, 0, 0],
  [IS_AT_LEAST, 3, 0, X32],
  [IS_EQUAL, 2, 0, socket],
  [IS_EQUAL, 1, 0, IO_URING_SETUP],
  [RETURN, 0, 0, ALLOW],
  [RETURN, 0, 0, EACCES],
]

/** True: the kernel keeps this process from the network until it ends. False: the kernel or the platform cannot. */
export function refuseSockets(): boolean {
  const architecture = process.platform === 'linux' ? ARCHITECTURES[process.arch] : undefined
  if (!architecture) return false
  const libc = koffi.load(null)
  const instruction = koffi.struct({ code: 'uint16', ifTrue: 'uint8', ifFalse: 'uint8', operand: 'uint32' })
  const program = koffi.struct({ length: 'uint16', filter: koffi.pointer(instruction) })
  const prctl = libc.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong'])
  const seccomp = libc.func('syscall', 'long', ['long', 'ulong', 'ulong', koffi.pointer(program)])
  const filter = filterOf(architecture).map(([code, ifTrue, ifFalse, operand]) => ({ code, ifTrue, ifFalse, operand }))
  // Without it a filter takes root.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) return false
  const given = { length: filter.length, filter }
  return seccomp(architecture.seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, given) === 0
}
