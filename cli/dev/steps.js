// @ts-check
// Running commands for the development scripts, with Node's own modules only: nothing may be installed yet.
import { spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs a command in the repository, its output passed through.
 * @param {string[]} command
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<number>} its exit code
 */
export function run([file = '', ...words], { cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal === 'SIGINT' ? 130 : (code ?? 1)))
  })
}

/**
 * Installs a package's dependencies when they are missing or older than its lock file.
 * @param {string} folder relative to the repository
 */
export async function install(folder = '.') {
  const here = join(root, folder)
  const installed = join(here, 'node_modules/.package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(here, 'package-lock.json')).mtimeMs) return
  console.log(`$ npm ci${folder === '.' ? '' : ` (in ${folder})`}`)
  const code = await run(['npm', 'ci', '--no-audit', '--no-fund'], { cwd: here })
  if (code !== 0) throw new Error(`npm ci failed in ${here} with exit code ${code}`)
}

/** A program of an installed package, run by this Node. @param {string} file below node_modules */
export function installed(file) {
  return [process.execPath, join(root, 'node_modules', file)]
}
