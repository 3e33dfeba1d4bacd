import { readFile } from 'node:fs/promises'
import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml'
import * as z from 'zod'
import { nearest } from './nearest.ts'

/** Something wrong in a file of a course, and where. */
export interface Problem {
  file: string
  /** From 1; absent when it concerns the whole file. */
  line?: number
  column?: number
  message: string
  /** What to do about it. */
  suggestion?: string
}

export type Parsed<T> = { value: T; problems: [] } | { value?: undefined; problems: Problem[] }

/** Reads a YAML file and holds it against a schema; reports everything that is wrong at once, with its place. */
export async function readYaml<T>(file: string, schema: z.ZodType<T>): Promise<Parsed<T>> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return {
      problems: [
        { file, message: missing ? 'The file does not exist.' : `It can't be read: ${(error as Error).message}` },
      ],
    }
  }
  return parseYaml(file, text, schema)
}

/** The same from a text; `file` is only named in messages. */
export function parseYaml<T>(file: string, text: string, schema: z.ZodType<T>): Parsed<T> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, maxAliasCount: 100 } as object)
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map((error) => ({
        file,
        ...place(lines, error.pos[0]),
        message: firstLine(error.message),
      })),
    }
  }
  let content: unknown
  try {
    content = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return { problems: [{ file, message: (error as Error).message }] }
  }
  const result = schema.safeParse(content)
  if (result.success) return { value: result.data, problems: [] }
  return { problems: result.error.issues.flatMap((issue) => describeIssue(file, issue, document, lines, schema)) }
}

type Issue = z.core.$ZodIssue

function describeIssue(
  file: string,
  issue: Issue,
  document: Document,
  lines: LineCounter,
  schema: z.ZodType,
): Problem[] {
  const name = issue.path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const known = knownKeys(schema, issue.path)
      const close = nearest(key, known)
      return {
        file,
        ...placeOf(document, lines, [...issue.path, key], true),
        message: `${name ? `${name}: ` : ''}unknown key "${key}".`,
        suggestion: close ? `Did you mean "${close}"?` : `Known keys: ${known.join(', ')}.`,
      }
    })
  }
  return [{ file, ...placeOf(document, lines, issue.path, false), message: `${name || 'The file'}: ${issue.message}.` }]
}

/** The keys that the schema allows at a path. */
function knownKeys(schema: z.ZodType, path: PropertyKey[]): string[] {
  let here: unknown = schema
  for (const key of [...path, undefined]) {
    while (here instanceof z.ZodDefault || here instanceof z.ZodOptional || here instanceof z.ZodPrefault)
      here = here.unwrap()
    if (key === undefined) break
    if (here instanceof z.ZodArray) here = here.element
    else if (here instanceof z.ZodObject) here = (here.shape as Record<PropertyKey, unknown>)[key]
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : []
}

/** The place of a path, or of the nearest enclosing thing that is there. */
function placeOf(
  document: Document,
  lines: LineCounter,
  path: PropertyKey[],
  key: boolean,
): { line: number; column: number } | object {
  for (let length = path.length; length >= 0; length--) {
    const steps = path.slice(0, length)
    if (key && length === path.length) {
      const parent = length === 1 ? document.contents : document.getIn(steps.slice(0, -1), true)
      if (isMap(parent)) {
        const pair = parent.items.find((item) => isPair(item) && String(item.key) === String(steps.at(-1)))
        if (pair && isNode(pair.key) && pair.key.range) return place(lines, pair.key.range[0])
      }
    }
    const node = length === 0 ? document.contents : document.getIn(steps, true)
    if (isNode(node) && node.range) return place(lines, node.range[0])
  }
  return {}
}

function place(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text
}
