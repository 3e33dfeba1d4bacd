// @ts-check
// `npm test`: installs what is missing, builds, and runs every check there is. Ends with counts of what ran.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { prepareServers } from './servers.js'
import { install, installed, root, run } from './steps.js'

await install()
await install('fixtures/runtimes')

const vitestResults = join(root, 'node_modules/.cache/vitest-results.json')
rmSync(vitestResults, { force: true })

/** Checks that start real servers. */
const needServers = new Set(['tests', 'exercises'])

/** @type {[name: string, command: string[]][]} */
const checks = [
  ['build', [process.execPath, 'cli/dev/build.js']],
  ['types', installed('typescript/bin/tsc')],
  ['lint', [...installed('oxlint/bin/oxlint'), '--type-aware']],
  ['format', [...installed('oxfmt/bin/oxfmt'), '--check', '.']],
  ['dead code', installed('knip/bin/knip.js')],
  ['declarations', [...installed('typescript/bin/tsc'), '-p', 'tsconfig.types.json']],
  ['package', [...installed('publint/src/cli.js'), '--strict']],
  [
    'tests',
    [
      ...installed('vitest/vitest.mjs'),
      'run',
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${vitestResults}`,
    ],
  ],
  ['exercises', [process.execPath, 'dist/main.js', 'author', 'check', '--services', 'native']],
]
const only = process.argv.slice(2)
let passed = 0
let failed = 0
const wanted = checks.filter(([name]) => only.length === 0 || only.includes(name))
const servers = wanted.some(([name]) => needServers.has(name)) ? await prepareServers() : undefined
for (const [name, command] of wanted) {
  console.log(`\n== ${name}`)
  const start = performance.now()
  const code = await run(command, servers && needServers.has(name) ? { env: servers.env } : {})
  console.log(
    `${code === 0 ? 'ok' : `FAILED (exit code ${code})`} · ${name} · ${((performance.now() - start) / 1000).toFixed(1)} s`,
  )
  if (name === 'tests') {
    const counts = countTests()
    passed += counts.passed
    failed += counts.failed + (code !== 0 && counts.failed === 0 ? 1 : 0)
  } else if (code === 0) passed++
  else failed++
}
await servers?.stop()
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function countTests() {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(vitestResults, 'utf8'))
    return { passed: numPassedTests, failed: numFailedTests }
  } catch {
    return { passed: 0, failed: 1 }
  }
}
