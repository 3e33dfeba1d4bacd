// @ts-check
// `npm test`: installs what is missing, builds, and runs every check there is. Ends with counts of what ran.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readableCheckout } from './readable-checkout.js'
import { prepareServers } from './servers.js'
import { install, installed, root, run } from './steps.js'

const checkout = readableCheckout()
if (checkout) {
  // Ctrl-C ends the other one; the place goes after it.
  process.on('SIGINT', () => {})
  const again = [process.execPath, join(checkout.folder, 'cli/dev/test.js'), ...process.argv.slice(2)]
  const code = await run(again, { cwd: checkout.folder })
  checkout.leave()
  process.exit(code)
}
await install()
await install('fixtures/runtimes')

/** @param {string} name */
const resultsOf = (name) => join(root, `node_modules/.cache/vitest-${name}.json`)

/** Hostile programs that take all they can get: they run when nothing else does. */
const attacks = 'cli/e2e/attacks.test.ts'

/** @param {string} name @param {string[]} words */
const vitest = (name, ...words) => [
  ...installed('vitest/vitest.mjs'),
  'run',
  ...words,
  '--reporter=dot',
  '--reporter=json',
  `--outputFile.json=${resultsOf(name)}`,
]

/** Checks that start real servers. */
const needServers = new Set(['tests', 'attacks', 'exercises', 'isolated'])

/** @type {[name: string, command: string[]][]} */
const checks = [
  ['build', [process.execPath, 'cli/dev/build.js']],
  ['types', installed('typescript/bin/tsc')],
  ['lint', [...installed('oxlint/bin/oxlint'), '--type-aware']],
  ['format', [...installed('oxfmt/bin/oxfmt'), '--check', '.']],
  ['dead code', installed('knip/bin/knip.js')],
  ['declarations', [...installed('typescript/bin/tsc'), '-p', 'tsconfig.types.json']],
  ['package', [...installed('publint/src/cli.js'), '--strict']],
  ['tests', vitest('tests', '--exclude', attacks)],
  ['attacks', vitest('attacks', attacks)],
  ['exercises', [process.execPath, 'dist/main.js', 'author', 'check', '--services', 'native']],
  ['isolated', [process.execPath, 'cli/dev/grade-references.js']],
]
const only = process.argv.slice(2)
let passed = 0
let failed = 0
const wanted = checks.filter(([name]) => only.length === 0 || only.includes(name))
const servers = wanted.some(([name]) => needServers.has(name)) ? await prepareServers() : undefined
for (const [name, command] of wanted) {
  rmSync(resultsOf(name), { force: true })
  console.log(`\n== ${name}`)
  const start = performance.now()
  const code = await run(command, servers && needServers.has(name) ? { env: servers.env } : {})
  console.log(
    `${code === 0 ? 'ok' : `FAILED (exit code ${code})`} · ${name} · ${((performance.now() - start) / 1000).toFixed(1)} s`,
  )
  if (name === 'tests' || name === 'attacks') {
    const counts = countTests(name)
    passed += counts.passed
    failed += counts.failed + (code !== 0 && counts.failed === 0 ? 1 : 0)
  } else if (code === 0) passed++
  else failed++
}
await servers?.stop()
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** @param {string} name */
function countTests(name) {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(resultsOf(name), 'utf8'))
    return { passed: numPassedTests, failed: numFailedTests }
  } catch {
    return { passed: 0, failed: 1 }
  }
}
