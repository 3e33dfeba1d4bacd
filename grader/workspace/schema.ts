import * as z from 'zod'
import { toolchainIds } from '../toolchains/index.ts'

/** `learn-backend.yaml`, the file that makes a folder a workspace. */
export const workspaceSchema = z.strictObject({
  version: z.literal(1),
  /** The language of new exercises. */
  lang: z.enum(toolchainIds),
  /** A course other than the built-in one: its folder, relative to this file. */
  course: z.string().trim().min(1, 'must not be empty').optional(),
})

export type WorkspaceFile = z.infer<typeof workspaceSchema>
