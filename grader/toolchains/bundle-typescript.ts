import { isBuiltin } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { BuildFailure as EsbuildFailure, Plugin, PluginBuild } from 'esbuild'
import { BuildFailure } from './toolchain.ts'

export interface BundleRequest {
  /** The file to start from, absolute; or its text, when it is not on disk. */
  entry: string | { text: string }
  /** The solution's folder: imports are resolved from here and messages name files relative to it. */
  folder: string
  outfile: string
}

/**
 * Bundles a solution's own files into one ES module with a source map; packages stay where they are installed.
 * @throws BuildFailure with file, line and column of each mistake
 */
export async function bundleTypescript({ entry, folder, outfile }: BundleRequest): Promise<void> {
  const { build } = await import('esbuild')
  try {
    await build({
      ...(typeof entry === 'string'
        ? { entryPoints: [entry] }
        : { stdin: { contents: entry.text, resolveDir: folder, sourcefile: 'tests.ts', loader: 'ts' as const } }),
      outfile,
      absWorkingDir: folder,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'linked',
      // A stack trace names the learner's line; their source text need not travel with it.
      sourcesContent: false,
      logLevel: 'silent',
      plugins: [installedPackages],
      // CommonJS files in the bundle may call require().
      banner: {
        js: "import{createRequire as __lbRequire}from'node:module';const require=__lbRequire(import.meta.url);",
      },
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: false, experimentalDecorators: true } },
    })
  } catch (error) {
    if (!isEsbuildFailure(error)) throw error
    throw new BuildFailure(
      error.errors.map(({ text, location }) => ({
        message: text,
        ...(location
          ? { file: location.file, line: location.line, column: location.column + 1, source: location.lineText }
          : {}),
      })),
    )
  }
}

/**
 * The bundle lies outside the solution, where Node would not find the packages the learner installed: so they are
 * resolved now and imported by their full address.
 */
const installedPackages: Plugin = {
  name: 'installed-packages',
  setup(build: PluginBuild) {
    build.onResolve({ filter: /^[^./]/ }, async (request) => {
      if (request.pluginData === 'resolving' || request.kind === 'entry-point') return undefined
      if (isBuiltin(request.path) || request.path.startsWith('node:')) return { path: request.path, external: true }
      const { path, errors } = await build.resolve(request.path, {
        kind: request.kind,
        importer: request.importer,
        resolveDir: request.resolveDir,
        pluginData: 'resolving',
      })
      if (errors.length > 0) {
        return { errors: [{ text: `The package "${request.path}" is not installed (npm install ${request.path}).` }] }
      }
      // require() takes no URL.
      return { path: request.kind === 'import-statement' ? pathToFileURL(path).href : path, external: true }
    })
  },
}

function isEsbuildFailure(error: unknown): error is EsbuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}
