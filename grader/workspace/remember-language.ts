import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ToolchainId } from '../toolchains/index.ts'
import { type Workspace, workspaceFileName } from './find-workspace.ts'
import { writing } from './not-writable.ts'

/** Makes a language that of new exercises; the rest of `learn-backend.yaml` stays as it is. @throws UserError `not_writable` */
export function rememberLanguage(workspace: Workspace, lang: ToolchainId): Workspace {
  if (workspace.lang === lang) return workspace
  const file = join(workspace.root, workspaceFileName)
  const text = readFileSync(file, 'utf8')
  const line = /^lang:[^\S\n]*[^\s#]+/m
  writing(file, () =>
    writeFileSync(file, line.test(text) ? text.replace(line, `lang: ${lang}`) : `${text}lang: ${lang}\n`),
  )
  return { ...workspace, lang }
}
