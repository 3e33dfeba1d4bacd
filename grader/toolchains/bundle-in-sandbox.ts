/** The program that bundles a solution inside a sandbox: the request is its argument, mistakes are its output. */
import { bundleTypescript, type BundleRequest } from './bundle-typescript.ts'
import { BuildFailure } from './toolchain.ts'

try {
  await bundleTypescript(JSON.parse(process.argv[2] ?? '') as BundleRequest)
} catch (error) {
  if (!(error instanceof BuildFailure)) throw error
  process.stdout.write(JSON.stringify(error.problems))
  process.exitCode = 1
}
