import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ownPackage } from '../package-root.ts'

/** Where a solution finds what it is built with, in every pod: nothing of ours beside it, and no link to follow. */
export const tools = '/tools'
export const builder: string = join(tools, 'bundle-in-sandbox.js')

/** The files and folders that lie there: from where on this machine, to where in a pod. */
export function toolPlaces(): [from: string, to: string][] {
  const { root } = ownPackage()
  const esbuild = dirname(createRequire(join(root, 'package.json')).resolve('esbuild/package.json'))
  const name = `@esbuild/${process.platform}-${process.arch}`
  const binary = dirname(createRequire(join(esbuild, 'package.json')).resolve(`${name}/package.json`))
  return [
    [join(root, 'dist/bundle-in-sandbox.js'), builder],
    [esbuild, join(tools, 'node_modules/esbuild')],
    [binary, join(tools, 'node_modules', name)],
  ]
}
