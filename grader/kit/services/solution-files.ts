import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { context } from '../context.ts'

/** A configuration is text of a few kilobytes; whatever is larger is something else. */
const limits = { files: 200, bytes: 1024 * 1024 }

/** The text files of the solution's folder, by their names relative to it; hidden ones and packages left out. */
export function solutionFiles(): Record<string, string> {
  const { folder } = context().solution
  const files: Record<string, string> = {}
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(folder.length + 1)
    if (!entry.isFile() || /(^|\/)(\.|node_modules\/)/.test(name)) continue
    if (statSync(path).size > limits.bytes || Object.keys(files).length >= limits.files) continue
    files[name] = readFileSync(path, 'utf8')
  }
  return files
}
