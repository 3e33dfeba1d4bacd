import { rm } from 'node:fs/promises'
import { within } from '../../solution/within.ts'
import { connectKeeper } from './keeper-client.ts'
import type { KeeperStatus } from './keeper-protocol.ts'
import { warmSockets } from './warm-folder.ts'

/** A service that is kept up, and the socket of its keeper. */
export interface WarmService extends KeeperStatus {
  socket: string
}

/** Every service that this user's keepers hold. Sockets that were left by dead ones are removed. */
export async function warmServices(): Promise<WarmService[]> {
  const found = await Promise.all(
    warmSockets().map(async (socket): Promise<WarmService[]> => {
      try {
        await using client = await connectKeeper(socket)
        const status = (await within(client.ask('status'), 3000)) as KeeperStatus | undefined
        return status ? [{ ...status, socket }] : []
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') await rm(socket, { force: true })
        return []
      }
    }),
  )
  return found.flat().sort((left, right) => (left.service < right.service ? -1 : 1))
}

/** Ends keepers and what they keep, also while somebody uses it. @returns those that went */
export async function stopWarmServices(which: (service: WarmService) => boolean): Promise<WarmService[]> {
  const going = (await warmServices()).filter(which)
  await Promise.all(
    going.map(async ({ socket }) => {
      const client = await connectKeeper(socket).catch(() => undefined)
      // It answers by closing the connection.
      if (client)
        await within(
          client.ask('down').catch(() => {}),
          20_000,
        )
      await client?.[Symbol.asyncDispose]()
    }),
  )
  return going
}

/** The last lines of log of a warm service. */
export async function warmLog(service: WarmService): Promise<string[]> {
  await using client = await connectKeeper(service.socket)
  return (await client.ask('log')) as string[]
}
