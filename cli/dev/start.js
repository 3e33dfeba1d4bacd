// @ts-check
// What `npm start` does on a fresh clone: installs, builds, and shows a newcomer the learner's loop in playground/.
// Only Node's own library: nothing is installed yet.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const playground = join(root, 'playground')
const program = join(root, 'dist/main.js')

const firstTime = `
That is how it should be: the starter is not the solution yet, and you have seen what a failed step tells you.
Now change the file that "edit" names above, and in the folder playground type: npx learn-backend verify`
const later = `
Your work in the folder playground is as you left it. To go on, type there: npx learn-backend verify`

process.exitCode = await start()

/** @returns {Promise<number>} the exit code */
async function start() {
  if (!isNodeNewEnough()) return 3
  const installed = isInstalled() ? 0 : await install()
  if (installed !== 0) return installed
  const built = await npm(['run', 'build'])
  if (built !== 0) return built

  const isNew = !existsSync(join(playground, 'learn-backend.yaml'))
  makePlayground()
  console.log('\n$ cd playground')
  const placed = await learnBackend(['next', '--yes'])
  if (placed !== 0) return placed
  const verified = await learnBackend(['verify'])
  if (verified > 1) return verified
  if (verified === 1) console.log(isNew ? firstTime : later)
  return 0
}

function isNodeNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return true
  console.error(
    `learn-backend needs Node.js 20.19 or newer, and this is ${process.versions.node}. Install the LTS from https://nodejs.org`,
  )
  return false
}

/** @returns {Promise<number>} the exit code */
async function install() {
  if ((await npm(['ci'])) === 0) return 0
  // A registry that lacks another system's builds leads to a lock file that npm ci refuses.
  console.log('\nnpm ci did not work, so the same versions are installed without it:')
  return npm(['install', '--no-save'])
}

/** Whether node_modules is what package-lock.json says: npm writes its own copy of the lock file last. */
function isInstalled() {
  const installed = statSync(join(root, 'node_modules/.package-lock.json'), { throwIfNoEntry: false })
  const wanted = statSync(join(root, 'package-lock.json'), { throwIfNoEntry: false })
  return installed !== undefined && (wanted === undefined || installed.mtimeMs >= wanted.mtimeMs)
}

/** The learner's folder, in which `npx learn-backend` finds this clone and not the published package. */
function makePlayground() {
  const command = join(playground, 'node_modules/.bin/learn-backend')
  if (existsSync(command)) return
  mkdirSync(dirname(command), { recursive: true })
  writeFileSync(command, "#!/usr/bin/env node\nimport('../../../dist/main.js')\n", { mode: 0o755 })
}

/** @param {string[]} words */
async function learnBackend(words) {
  console.log(`\n$ npx learn-backend ${words.join(' ')}`)
  return run(process.execPath, [program, ...words], playground)
}

/** @param {string[]} words */
async function npm(words) {
  console.log(`$ npm ${words.join(' ')}`)
  const script = process.env['npm_execpath']
  return script?.endsWith('.js') ? run(process.execPath, [script, ...words], root) : run('npm', words, root)
}

/**
 * @param {string} file
 * @param {string[]} words
 * @param {string} cwd
 * @returns {Promise<number>} the exit code
 */
function run(file, words, cwd) {
  return new Promise((resolve) => {
    const child = spawn(file, words, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', (error) => {
      console.error(`${file} could not be started: ${error.message}`)
      resolve(70)
    })
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}
