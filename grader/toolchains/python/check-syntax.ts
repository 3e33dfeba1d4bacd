import { dirname, join } from 'node:path'
import { solutionEnvironment } from '../../solution/environment.ts'
import { buildOnce } from '../build-once.ts'
import type { Tool } from '../find-tool.ts'
import { readProblems } from '../read-problems.ts'
import { brokenOff, runTool } from '../run-tool.ts'
import { BuildFailure, type BuildRequest } from '../toolchain.ts'

/** Milliseconds. */
const patience = 30_000

// Reads the main file and whatever of the learner's it imports; a file that nobody imports may be as broken as it likes.
const script = `
import ast, json, os, sys
roots = sys.argv[2:]
waiting, seen, problems = [sys.argv[1]], set(), []
while waiting:
    path = waiting.pop()
    if path in seen:
        continue
    seen.add(path)
    try:
        with open(path, 'rb') as file:
            tree = ast.parse(file.read(), path)
            compile(tree, path, 'exec', dont_inherit=True)
    except SyntaxError as error:
        text = (error.text or '').rstrip('\\n')
        problems.append(dict(message='%s: %s' % (type(error).__name__, error.msg), file=path, line=error.lineno or 1,
                             column=max(1, error.offset or 1), **(dict(source=text) if text else {})))
        continue
    except (OSError, ValueError, RecursionError) as error:
        problems.append(dict(message=str(error), file=path))
        continue
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names, places = [alias.name for alias in node.names], roots
        elif isinstance(node, ast.ImportFrom):
            above = os.path.dirname(path)
            for _ in range(node.level - 1):
                above = os.path.dirname(above)
            base = node.module or ''
            names = [base] + ['.'.join(filter(None, [base, alias.name])) for alias in node.names]
            places = [above] if node.level else roots
        else:
            continue
        for name in names:
            parts = name.split('.') if name else []
            for place in places:
                for end in range(len(parts) + 1):
                    stem = os.path.join(place, *parts[:end])
                    for found in (stem + '.py', os.path.join(stem, '__init__.py')):
                        if parts[:end] and os.path.isfile(found):
                            waiting.append(os.path.normpath(found))
print(json.dumps(problems))
sys.exit(1 if problems else 0)
`

/** @returns a folder for compiled files @throws BuildFailure with file, line and column of each mistake */
export async function checkSyntax(request: BuildRequest, { file, version }: Tool): Promise<string> {
  const { folder, main, output, cache, hostEnvironment, scope } = request
  // The same text at another place is compiled to something else: a stack trace names the place.
  const salt = `python ${version} ${folder} ${main}`
  return await buildOnce({
    folder,
    cache,
    output,
    salt,
    build: async () => {
      const roots = [...new Set([dirname(main), join(dirname(main), '..')])].map((root) => root || '.')
      const inside = roots.filter((root) => !root.startsWith('..'))
      const run = await runTool(
        {
          file,
          args: ['-I', '-S', '-c', script, main, ...inside],
          cwd: folder,
          env: solutionEnvironment(hostEnvironment, {}),
        },
        scope,
        patience,
      )
      const problems = readProblems(run.stdout)
      if (problems.length > 0) throw new BuildFailure(problems)
      if (run.code !== 0) throw brokenOff(run)
    },
  })
}
