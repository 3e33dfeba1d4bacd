import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { UserError, type UserErrorCode } from '../../user-error.ts'
import type { KeeperAnswer, KeeperRequest } from './keeper-protocol.ts'

/** A keeper that is busy with somebody else. */
export const busy = Symbol('busy')

/** A conversation with a keeper. Its end, however it comes, ends a lease. */
export interface KeeperClient extends AsyncDisposable {
  /** @throws Error what the keeper says, or that it is gone */
  ask(op: KeeperRequest['op']): Promise<unknown>
}

/** @throws the system's error (`ENOENT`, `ECONNREFUSED`) when no keeper listens there */
export async function connectKeeper(path: string, onProgress?: (text: string) => void): Promise<KeeperClient> {
  const socket = await open(path)
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let count = 0
  createInterface({ input: socket }).on('line', (line) => {
    const answer = JSON.parse(line) as KeeperAnswer
    if ('progress' in answer) return onProgress?.(answer.progress)
    const waiter = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('busy' in answer) waiter?.resolve(busy)
    else if ('error' in answer) waiter?.reject(revive(answer.error))
    else waiter?.resolve(answer.value)
  })
  socket.on('error', () => {})
  socket.once('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the process that keeps the service went away'))
    waiting.clear()
  })
  return {
    ask(op) {
      if (socket.destroyed) return Promise.reject(new Error('the process that keeps the service went away'))
      const id = ++count
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        socket.write(`${JSON.stringify({ id, op } satisfies KeeperRequest)}\n`)
      })
    },
    [Symbol.asyncDispose]() {
      socket.destroy()
      return Promise.resolve()
    },
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

function revive({ message, code, remedy }: { message: string; code?: string; remedy?: string }): Error {
  if (code === undefined) return new Error(message)
  return new UserError(code as UserErrorCode, message, remedy === undefined ? {} : { remedy })
}
