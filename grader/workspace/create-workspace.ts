import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { ToolchainId } from '../toolchains/index.ts'
import { createFile } from './create-file.ts'
import { type Workspace, workspaceFileName } from './find-workspace.ts'

interface NewWorkspace {
  /** Absolute; need not exist. */
  root: string
  lang: ToolchainId
  /** The folder of a course other than the built-in one, absolute. */
  course?: string
}

export interface CreatedWorkspace {
  workspace: Workspace
  /** Relative to the root. */
  created: string[]
  /** Files that were there with another content, and were left alone. */
  kept: string[]
}

/**
 * Makes a folder a workspace. Only adds files, and the one that makes it a workspace last: an interrupted attempt
 * is simply repeated.
 * @throws UserError `not_writable`
 */
export function createWorkspace({ root, lang, course }: NewWorkspace): CreatedWorkspace {
  const files = {
    '.gitignore': ['node_modules/', '.venv/', '__pycache__/', 'target/', ''].join('\n'),
    '.learn-backend/.gitignore': 'backups/\ndata/\n',
    // Two clones that both add events merge by keeping the lines of both; their order in the file has no meaning.
    '.learn-backend/.gitattributes': '*.jsonl text eol=lf merge=union\n',
    ...(lang === 'ts' ? typescriptFiles : {}),
    [workspaceFileName]: settings(root, lang, course),
  }
  const outcome = Object.entries(files).map(([name, content]) => ({
    name,
    result: createFile({ path: join(root, name), content }),
  }))
  const named = (wanted: string) => outcome.filter(({ result }) => result === wanted).map(({ name }) => name)
  return {
    workspace: { root, lang, ...(course === undefined ? {} : { course }) },
    created: named('created').reverse(),
    kept: named('different'),
  }
}

/** Whether nobody would mind a workspace here: no files but those that every project starts with. */
export function hasRoomForWorkspace(root: string): boolean {
  const expected = /^(\..*|readme(\..+)?|licen[cs]e(\..+)?|package(-lock)?\.json|tsconfig\.json|node_modules)$/i
  return readdirSync(root).every((name) => expected.test(name))
}

function settings(root: string, lang: string, course: string | undefined): string {
  const lines = [
    '# Your learn-backend workspace. What to do next: npx learn-backend next',
    'version: 1',
    `lang: ${lang}`,
  ]
  if (course !== undefined) {
    const path = relative(root, course).split(sep).join('/')
    lines.push(`course: ${JSON.stringify(path === '' ? '.' : path)}`)
  }
  return `${lines.join('\n')}\n`
}

/** What an editor needs to know Node's types and to be as strict as a colleague would be. */
const typescriptFiles = {
  'package.json': json({
    private: true,
    type: 'module',
    devDependencies: { '@types/node': '^20.19.0' },
  }),
  'tsconfig.json': json({
    compilerOptions: {
      target: 'es2023',
      lib: ['es2023'],
      module: 'nodenext',
      moduleDetection: 'force',
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noEmit: true,
    },
    include: ['**/*.ts'],
    exclude: ['**/node_modules', '.learn-backend'],
  }),
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
