import { mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { writing } from './not-writable.ts'

/**
 * Moves all that is in a folder into another one, which is made; all of it or nothing. The folder itself stays: shells and
 * editors that are open in it go on working.
 * @returns whether there was something
 * @throws UserError `not_writable`
 */
export function moveContents(from: string, to: string): boolean {
  return writing(to, () => {
    const names = readdirSync(from)
    if (names.length === 0) return false
    mkdirSync(to, { recursive: true })
    const moved: string[] = []
    try {
      for (const name of names) {
        renameSync(join(from, name), join(to, name))
        moved.push(name)
      }
    } catch (error) {
      for (const name of moved) renameSync(join(to, name), join(from, name))
      rmdirSync(to)
      throw error
    }
    return true
  })
}
