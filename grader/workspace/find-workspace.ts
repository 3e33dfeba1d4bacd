import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { describeProblems } from '../exercise/describe-problem.ts'
import { type ToolchainId, toolchains } from '../toolchains/index.ts'
import { UserError } from '../user-error.ts'
import type { WorkspaceFile } from './schema.ts'

/** The file that makes a folder a workspace. */
export const workspaceFileName = 'learn-backend.yaml'

/** The learner's folder. */
export interface Workspace {
  /** Absolute. */
  root: string
  /** The language of new exercises. */
  lang: ToolchainId
  /** The folder of a course other than the built-in one, absolute. */
  course?: string
  /** How services are started, as far as the file says. */
  services?: NonNullable<WorkspaceFile['services']>
}

/**
 * The workspace in which a folder lies, found by walking up; undefined when there is none.
 * @throws UserError `invalid_workspace` with everything that is wrong in `learn-backend.yaml`
 */
export async function findWorkspace(from: string): Promise<Workspace | undefined> {
  const root = workspaceRoot(from)
  return root === undefined ? undefined : readWorkspace(root)
}

/** The nearest folder at or above this one that holds a `learn-backend.yaml`, be it valid or not. */
export function workspaceRoot(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, workspaceFileName))) return folder
    if (folder === dirname(folder)) return undefined
  }
}

async function readWorkspace(root: string): Promise<Workspace> {
  const { lang, course, services } =
    readAsWritten(join(root, workspaceFileName)) ?? (await parseFile(join(root, workspaceFileName)))
  return {
    root,
    lang,
    ...(course === undefined ? {} : { course: resolve(root, course) }),
    ...(services === undefined ? {} : { services }),
  }
}

/**
 * The content of a file that looks as learn-backend itself writes it, undefined for all others: the YAML parser and
 * the schema take longer to load than `verify` may take in all.
 */
function readAsWritten(file: string): WorkspaceFile | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const lang = /^lang: ([a-z]+)$/.exec(lines[1] ?? '')?.[1]
  const course = /^course: "([\w./-]+)"$/.exec(lines[2] ?? '')?.[1]
  const complete = lines[0] === 'version: 1' && lines.length === (course === undefined ? 2 : 3)
  if (!complete || !lang || !Object.hasOwn(toolchains, lang)) return undefined
  return { version: 1, lang: lang as ToolchainId, ...(course === undefined ? {} : { course }) }
}

async function parseFile(file: string): Promise<WorkspaceFile> {
  const [{ readYaml }, { workspaceSchema }] = await Promise.all([
    import('../exercise/read-yaml.ts'),
    import('./schema.ts'),
  ])
  const { value, problems } = await readYaml(file, workspaceSchema)
  if (value) return value
  throw new UserError(
    'invalid_workspace',
    describeProblems(`The workspace in ${dirname(file)} can't be used.`, problems),
    {
      remedy: `Put it right (the whole file may be "version: 1" and, below it, "lang: ts"), then type: npx learn-backend doctor`,
    },
  )
}

/** The folder of an exercise's solution. */
export function solutionFolder(workspace: Workspace, exercise: string): string {
  return join(workspace.root, exercise)
}

/** The first part of a folder's path inside the workspace, which may be an exercise; undefined outside and at the root. */
export function folderInWorkspace(workspace: Workspace, folder: string): string | undefined {
  const [first] = relative(workspace.root, folder).split(sep)
  return first === '' || first === '..' ? undefined : first
}
