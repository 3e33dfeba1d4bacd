// @ts-check
// What `npm start` does on a fresh clone: installs, builds, and shows a newcomer the learner's loop in playground/.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { install, root, run } from './steps.js'

const playground = join(root, 'playground')

const firstTime = `
That is how it should be: the starter is not the solution yet, and you have seen what a failed step tells you.
Now change the file that "edit" names above, and in the folder playground type: npx learn-backend verify`
const later = `
Your work in the folder playground is as you left it. To go on, type there: npx learn-backend verify`

process.exitCode = await start()

/** @returns {Promise<number>} the exit code */
async function start() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(
      `learn-backend needs Node.js 20.19 or newer, and this is ${process.versions.node}. Install the LTS from https://nodejs.org`,
    )
    return 3
  }
  await install()
  console.log('$ npm run build')
  const built = await run([process.execPath, 'cli/dev/build.js'])
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

/** The learner's folder, in which `npx learn-backend` finds this clone and not the published package. */
function makePlayground() {
  const command = join(playground, 'node_modules/.bin/learn-backend')
  if (existsSync(command)) return
  mkdirSync(dirname(command), { recursive: true })
  writeFileSync(command, "#!/usr/bin/env node\nimport('../../../dist/main.js')\n", { mode: 0o755 })
}

/** @param {string[]} words */
function learnBackend(words) {
  console.log(`\n$ npx learn-backend ${words.join(' ')}`)
  return run([process.execPath, join(root, 'dist/main.js'), ...words], { cwd: playground })
}
