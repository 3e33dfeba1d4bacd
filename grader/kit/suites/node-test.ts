import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle } from '../../toolchains/bundle.ts'
import { readJsonLines } from './json-lines.ts'
import type { SuiteRunner } from './runner.ts'

// Reports what node:test knows as JSON lines, into a file of its own: whatever the tests print stays out of it.
const reporter = `
export default async function* (source) {
  const parents = []
  for await (const { type, data } of source) {
    if (type === 'test:start') { parents.length = data.nesting; parents.push(data.name) }
    // What happens outside of a test, such as a rejection that nobody awaits.
    if (type === 'test:diagnostic' && /error/i.test(data.message)) yield JSON.stringify({ diagnostic: data.message }) + '\\n'
    if (type !== 'test:pass' && type !== 'test:fail') continue
    parents.length = data.nesting
    const suite = data.details?.type === 'suite'
    const error = data.details?.error
    const name = [...parents, data.name].join(' > ')
    parents.push(data.name)
    if (suite && (type === 'test:pass' || error?.failureType === 'subtestsFailed')) continue
    if (error?.failureType === 'subtestsFailed') continue
    const message = error ? String(error.cause?.message ?? error.message ?? error) : undefined
    yield JSON.stringify({ name, passed: type === 'test:pass' && !data.skip && !data.todo, skipped: Boolean(data.skip || data.todo), message }) + '\\n'
  }
  yield '{"end":true}\\n'
}
`

/** node:test: all files are bundled into one, which runs in one process. */
export const nodeTest: SuiteRunner = {
  testFiles: '*.test.ts or *.test.js',
  isTest: (file) => /\.test\.[cm]?[jt]s$/.test(file),
  pace: 1,
  preparesOnce: false,
  async prepare({ folder, tests, output, run }) {
    const outfile = join(output, 'suite.mjs')
    const imports = tests.map((file) => `import ${JSON.stringify(`./${file}`)}`).join('\n')
    await bundle({ entry: { text: imports }, folder, outfile }, run.scope)
    const module = join(output, 'reporter.mjs')
    await writeFile(module, reporter)
    const command = (report: string, ...flags: string[]) => ({
      file: process.execPath,
      args: [...flags, `--test-reporter=${module}`, `--test-reporter-destination=${report}`, outfile],
    })
    return {
      command: ({ report }) => command(report),
      // Source maps cost a quarter of a run; only the place of a crash needs them.
      tellingCommand: ({ report }) => command(report, '--enable-source-maps'),
      // Without a test nobody reports.
      read: (report) => ({ ...readJsonLines(report), ...(report === '' ? { complete: true } : {}) }),
    }
  },
}
