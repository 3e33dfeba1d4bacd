import * as z from 'zod'
import { driverIds } from '../services/drivers.ts'
import { serviceIds } from '../services/index.ts'
import { toolchainIds } from '../toolchains/index.ts'

/** `learn-backend.yaml`, the file that makes a folder a workspace. */
export const workspaceSchema = z.strictObject({
  version: z.literal(1),
  /** The language of new exercises. */
  lang: z.enum(toolchainIds),
  /** A course other than the built-in one: its folder, relative to this file. */
  course: z.string().trim().min(1, 'must not be empty').optional(),
  /** How services are started. */
  services: z
    .strictObject({
      driver: z.enum(['auto', ...driverIds]).optional(),
      /** Images to use instead of the usual ones, by service. */
      images: z.partialRecord(z.enum(serviceIds), z.string().trim().min(1, 'must not be empty')).optional(),
      /** How long slow services stay up after their last use. */
      keep_warm_minutes: z.number().min(0).max(1440).optional(),
    })
    .optional(),
})

export type WorkspaceFile = z.infer<typeof workspaceSchema>
