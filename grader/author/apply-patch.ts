import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { applyPatch, parsePatch } from 'diff'

/**
 * Copies a folder and applies a unified diff to the copy.
 * @returns what does not fit; empty when all of it was applied
 */
export async function copyPatched(source: string, patchFile: string, target: string): Promise<string[]> {
  await cp(source, target, { recursive: true })
  let patches: ReturnType<typeof parsePatch>
  try {
    patches = parsePatch(await readFile(patchFile, 'utf8'))
  } catch (error) {
    return [`It is no unified diff: ${(error as Error).message}`]
  }
  if (!patches.some(({ hunks }) => hunks.length > 0)) return ['It changes nothing.']
  const mistakes: string[] = []
  for (const patch of patches) {
    const [from, to] = [pathOf(patch.oldFileName), pathOf(patch.newFileName)]
    const before = from ? await readFile(join(target, from), 'utf8').catch(() => undefined) : ''
    if (before === undefined) {
      mistakes.push(`It changes ${from}, which is not in the reference.`)
      continue
    }
    const after = applyPatch(before, patch)
    if (after === false)
      mistakes.push(`It does not fit ${from ?? to}: the reference has changed since; make the patch anew.`)
    else if (to) {
      await mkdir(dirname(join(target, to)), { recursive: true })
      await writeFile(join(target, to), after)
    } else await rm(join(target, from as string))
  }
  return mistakes
}

/** The path inside the folder: without the `a/` or `b/` that diffs put before it. */
function pathOf(name: string | undefined): string | undefined {
  return name === undefined || name === '/dev/null' ? undefined : name.replace(/^[ab]\//, '').replace(/\t.*$/, '')
}
