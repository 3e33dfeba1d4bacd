import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunScope } from '../../solution/run-scope.ts'

/**
 * System calls that no solution needs, by their numbers (Linux: arch/x86/entry/syscalls/syscall_64.tbl, and
 * include/uapi/asm-generic/unistd.h). Keyrings are not part of any namespace; the others are where the kernel has had its
 * holes, or reach into other processes. What makes sandboxes must stay: they are made inside of the filter.
 */
const refused = {
  x64: {
    architecture: 0xc000003e,
    calls: {
      ptrace: 101,
      init_module: 175,
      delete_module: 176,
      kexec_load: 246,
      add_key: 248,
      request_key: 249,
      keyctl: 250,
      perf_event_open: 298,
      open_by_handle_at: 304,
      process_vm_readv: 310,
      process_vm_writev: 311,
      finit_module: 313,
      kexec_file_load: 320,
      bpf: 321,
      userfaultfd: 323,
      io_uring_setup: 425,
      io_uring_enter: 426,
      io_uring_register: 427,
    },
  },
  arm64: {
    architecture: 0xc00000b7,
    calls: {
      kexec_load: 104,
      init_module: 105,
      delete_module: 106,
      ptrace: 117,
      add_key: 217,
      request_key: 218,
      keyctl: 219,
      perf_event_open: 241,
      open_by_handle_at: 265,
      process_vm_readv: 270,
      process_vm_writev: 271,
      finit_module: 273,
      bpf: 280,
      userfaultfd: 282,
      kexec_file_load: 294,
      io_uring_setup: 425,
      io_uring_enter: 426,
      io_uring_register: 427,
    },
  },
}

// Instructions of classic BPF, and what a filter answers (linux/filter.h, linux/seccomp.h).
const load = 0x20
const jumpIfEqual = 0x15
const jumpIfAtLeast = 0x35
const answer = 0x06
const allow = 0x7fff0000
const noSuchCall = 0x00050000 | 38
/** Numbers from here on are the x32 interface's, which is another way to the same calls. */
const x32 = 0x40000000

/** Writes the filter for this machine, as bubblewrap's `--seccomp` reads it. @returns the file */
export async function callFilter(scope: RunScope): Promise<string> {
  const file = join(scope.scratch, 'call-filter.bpf')
  await writeFile(file, program())
  return file
}

function program(): Buffer {
  const known = Object.hasOwn(refused, process.arch) ? refused[process.arch as keyof typeof refused] : undefined
  if (!known) return instruction(answer, allow)
  const numbers = Object.values(known.calls)
  const refusal = numbers.length
  return Buffer.concat([
    // The architecture, at offset 4 of the kernel's description of a call, and the number of the call, at 0.
    instruction(load, 4),
    instruction(jumpIfEqual, known.architecture, 0, refusal + 3),
    instruction(load, 0),
    instruction(jumpIfAtLeast, x32, refusal + 1, 0),
    ...numbers.map((number, index) => instruction(jumpIfEqual, number, refusal - index, 0)),
    instruction(answer, allow),
    instruction(answer, noSuchCall),
  ])
}

/** @param yes instructions to leave out when it holds @param no and when it does not */
function instruction(code: number, value: number, yes = 0, no = 0): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(code, 0)
  bytes.writeUInt8(yes, 2)
  bytes.writeUInt8(no, 3)
  bytes.writeUInt32LE(value >>> 0, 4)
  return bytes
}
