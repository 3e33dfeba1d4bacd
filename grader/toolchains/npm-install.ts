import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

interface NpmInstall {
  /** Where it is run, absolute. */
  folder: string
  /** `ci` takes exactly what the lock file says, and fails without one; default: `install`. */
  command?: 'install' | 'ci'
  /** Further flags, and packages. */
  words?: string[]
  hostEnvironment: Record<string, string | undefined>
  /** Milliseconds. */
  timeout: number
  signal?: AbortSignal | undefined
}

/**
 * Runs `npm install`, or `npm ci`, in a folder; no package's scripts are run.
 * @throws the signal's reason, or an Error whose message is npm's own reason in one line
 */
export async function npmInstall(request: NpmInstall): Promise<void> {
  const { folder, command = 'install', words = [], hostEnvironment, timeout, signal } = request
  try {
    await execute('npm', [command, '--ignore-scripts', '--no-audit', '--no-fund', ...words], {
      cwd: folder,
      env: hostEnvironment,
      timeout,
      maxBuffer: 16 * 2 ** 20,
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw new Error(reasonOf(error as Error & { stderr?: string; code?: string | number }), { cause: error })
  }
}

function reasonOf({ message, stderr = '', code }: Error & { stderr?: string; code?: string | number }): string {
  if (code === 'ENOENT') return 'npm is not installed'
  // The first line only names a code.
  const line = stderr.split('\n').find((text) => /^npm (?:error|ERR!) (?!code)/.test(text))
  return line ?? message
}
