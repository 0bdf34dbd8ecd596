/**
 * Keeps a process that reads files from the network: the kernel refuses every new socket to it and to the programs that it
 * starts (seccomp, Linux on x64 and arm64). It needs no privilege and can't be reversed. Sockets and channels that are already
 * open continue to work. It costs 2 ms once, and some nanoseconds per system call. On other systems only the environment of the
 * process disables the network (`worker-environment.ts`).
 */
import koffi from 'koffi'

interface Architecture {
  /** Value of the AUDIT_ARCH constant in <linux/audit.h>. */
  readonly audit: number
  readonly socket: number
  readonly seccomp: number
}

const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, Architecture>>> = {
  x64: { audit: 0xc000_003e, socket: 41, seccomp: 317 },
  arm64: { audit: 0xc000_00b7, socket: 198, seccomp: 277 },
}

/** Number of `io_uring_setup`, the same on all architectures. It can open sockets too. */
const IO_URING_SETUP = 425
/** Smallest system call number of x32, the other calling convention of x64. */
const X32 = 0x4000_0000

const PR_SET_NO_NEW_PRIVS = 38
const SECCOMP_SET_MODE_FILTER = 1
/** Applies the filter to all existing threads. Later threads inherit it. */
const SECCOMP_FILTER_FLAG_TSYNC = 1

/**
 * Instructions of classic BPF over `struct seccomp_data`, where the number of the call is at offset 0 and the architecture at
 * 4.
 */
const [LOAD, IS_EQUAL, IS_AT_LEAST, AND, RETURN] = [0x20, 0x15, 0x35, 0x54, 0x06]
/** Offsets of the first two arguments. */
const [FIRST, SECOND] = [16, 24]
const [AF_INET, SOCK_STREAM, SOCK_TYPE] = [2, 1, 0xf]
const ALLOW = 0x7fff_0000
const EACCES = 0x0005_0000 | 13

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number]

const filterOf = ({ audit, socket }: Architecture, allowsTcp: boolean): readonly Instruction[] => [
  [LOAD, 0, 0, 4],
  [IS_EQUAL, 0, 11, audit],
  [LOAD, 0, 0, 0],
  [IS_AT_LEAST, 9, 0, X32],
  [IS_EQUAL, allowsTcp ? 2 : 8, 0, socket],
  [IS_EQUAL, 7, 0, IO_URING_SETUP],
  [RETURN, 0, 0, ALLOW],
  [LOAD, 0, 0, FIRST],
  [IS_EQUAL, 0, 4, AF_INET],
  [LOAD, 0, 0, SECOND],
  [AND, 0, 0, SOCK_TYPE],
  [IS_EQUAL, 0, 1, SOCK_STREAM],
  [RETURN, 0, 0, ALLOW],
  [RETURN, 0, 0, EACCES],
]

/**
 * Makes the kernel refuse sockets to this process until it ends. Returns false if the kernel or the platform does not support
 * it. `allowsTcp` leaves TCP over IPv4, for the gateway: names can't be resolved, and the engine reads only its addresses.
 */
export function refuseSockets(allowsTcp = false): boolean {
  const architecture = process.platform === 'linux' ? ARCHITECTURES[process.arch] : undefined
  if (!architecture) return false
  const libc = koffi.load(null)
  const instruction = koffi.struct({ code: 'uint16', ifTrue: 'uint8', ifFalse: 'uint8', operand: 'uint32' })
  const program = koffi.struct({ length: 'uint16', filter: koffi.pointer(instruction) })
  const prctl = libc.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong'])
  const seccomp = libc.func('syscall', 'long', ['long', 'ulong', 'ulong', koffi.pointer(program)])
  const filter = filterOf(architecture, allowsTcp).map(([code, ifTrue, ifFalse, operand]) => ({ code, ifTrue, ifFalse, operand }))
  // Without this, only root may set a filter.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) return false
  const given = { length: filter.length, filter }
  return seccomp(architecture.seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, given) === 0
}
