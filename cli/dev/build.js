// @ts-check
// Builds the program into dist/: the command line, the engine's modules that hidden tests import, the kit for authors
// who run stock Vitest, and the built-in course with its compiled hidden tests.
import { cp, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { rolldown } from 'rolldown'
import { root } from './steps.js'
import { thirdPartyLicenses } from './third-party-licenses.js'

const dist = join(root, 'dist')

// Each further file costs a start about a millisecond, so what is needed together lies together: what every command
// starts with, what the commands of everyday use share, and the engine. All else is loaded when it is called.
const start =
  /^(cli\/(run-cli|session|signing-options|terminal)\.ts|cli\/commands\/index\.ts|grader\/(package-root|user-error)\.ts|node_modules\/(commander|kleur)\/)/
const engine = /^(grader\/engine\/(run-tests|vitest|polling)\.ts|node_modules\/(@vitest|chai)\/)/
// What only a grading needs; "list" starts without Node's modules for processes and networks.
const grading =
  /^(cli\/commands\/(verify|run)\.ts|grader\/(solution|isolation|report)\/|grader\/engine\/(grade-solution|compiled-tests)\.ts|grader\/kit\/(context|evidence|launch-server|recorder|start-ahead|suites\/recognise)\.ts|grader\/index\.ts|grader\/toolchains\/(run-tool|read-problems)\.ts|grader\/workspace\/run-solution\.ts)/
// Apart from the engine: `test.extend` asks for a runner that collects, so this is loaded with the first test file.
const kit = /^grader\/kit\//
// An entry runs when its chunk is loaded: it must be in a chunk of its own.
const entry = /^(cli\/main|grader\/services\/(warm\/keeper|docker\/reaper))\.ts/
// What a grading with services loads at once; engines, registries and keepers only where they are used.
const services =
  /^grader\/services\/((index|probe|wait-until-ready|run-services|start-own|kafka-client|rabbitmq-management)\.ts|(definitions|native|link)\/)/
const everywhere = /^grader\/services\/(drivers|default-settings)\.ts/
const rare =
  /^(grader\/(author|doctor|batch|ci|services)\/|grader\/isolation\/(bubblewrap|docker|choose|control|limit-words)|grader\/report\/sign|grader\/how-to-install|grader\/toolchains\/(fill-once|build-|find-tool|language-roots|python\/|java\/)|cli\/reporters\/grades\/|grader\/exercise\/(read-yaml|load-course|load-exercise|build-course)\.ts|grader\/\w+\/schema\.ts|grader\/toolchains\/bundle|grader\/engine\/compile-hidden|cli\/(commands|reporters)\/(author|check|ci|doctor|grade|report|run|reset|solution))/
const groups = [
  { name: 'start', test: (/** @type {string} */ id) => start.test(local(id)) },
  {
    name: 'everyday',
    test: (/** @type {string} */ id) =>
      /^(cli|grader)\//.test(local(id)) &&
      (everywhere.test(local(id)) ||
        ![entry, start, grading, engine, kit, rare].some((others) => others.test(local(id)))),
  },
  { name: 'grading', test: (/** @type {string} */ id) => grading.test(local(id)) && !rare.test(local(id)) },
  { name: 'services', test: (/** @type {string} */ id) => services.test(local(id)) },
  { name: 'engine', test: (/** @type {string} */ id) => engine.test(local(id)) },
  { name: 'kit', test: (/** @type {string} */ id) => kit.test(local(id)) },
]

const noExecutables = join(root, 'node_modules/commander/no-executables.cjs')
const absent = join(root, 'node_modules/dockerode/absent.cjs')
/**
 * What dockerode loads at its start for things that we never do, several MB of it: engines behind ssh, and builds with
 * BuildKit.
 * @type {import('rolldown').Plugin}
 */
const withoutBuilds = {
  name: 'without-builds',
  resolveId: (source, importer) =>
    (/^(ssh2|@grpc\/|protobufjs)/.test(source) || source === './session') &&
    /\/docker(ode|-modem)\//.test(importer ?? '')
      ? absent
      : undefined,
  load: (id) => (id === absent ? 'module.exports = {}' : undefined),
}

/**
 * commander can run other programs as its subcommands, which ours never do; the module that it loads for that at every
 * start costs as much as parsing the command line.
 * @type {import('rolldown').Plugin}
 */
const withoutExecutables = {
  name: 'without-executables',
  resolveId: (source, importer) =>
    source === 'node:child_process' && importer?.includes('/commander/') ? noExecutables : undefined,
  load: (id) => (id === noExecutables ? 'module.exports = {}' : undefined),
}

await rm(dist, { recursive: true, force: true })
const program = await bundle({
  input: {
    main: 'cli/main.ts',
    index: 'grader/index.ts',
    worker: 'grader/batch/worker.ts',
    keeper: 'grader/services/warm/keeper.ts',
    reaper: 'grader/services/docker/reaper.ts',
    'engine-vitest': 'grader/engine/vitest.ts',
    'engine-kit': 'grader/kit/index.ts',
  },
  // Inside the engine, `vitest` is the engine's own face of it.
  alias: { vitest: join(root, 'grader/engine/vitest.ts') },
  external: ['esbuild'],
  groups,
})
const stock = await bundle({
  input: { kit: 'grader/kit/index.ts', 'stock-setup': 'grader/author/stock-setup.ts' },
  alias: {},
  external: ['esbuild', 'vitest'],
  // Clients of services stay apart: each is loaded by the fixture that needs it. The set-up waits at its top level for
  // services to start: what it loads meanwhile must not wait for it.
  groups: [{ name: 'stock', test: (id) => !/\/node_modules\/|stock-setup\.ts$/.test(id) }],
})
// Seen by hostile code, which bundles itself with it: nothing else of the program lies beside it.
await bundle({
  input: { 'bundle-in-sandbox': 'grader/toolchains/bundle-in-sandbox.ts' },
  alias: {},
  external: ['esbuild'],
  groups: [],
})
await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicenses([...program, ...stock]))
// `author new` begins with the smallest exercise there is.
await cp(join(root, 'fixtures/courses/tiny/01-basics/ping'), join(dist, 'skeleton'), {
  recursive: true,
  filter: (source) => !source.endsWith('reference/js'),
})

const { buildCourse, describeProblem } = await import('../../dist/index.js')
const { exercises, problems } = await buildCourse()
for (const problem of problems) console.error(describeProblem(problem))
console.log(`built ${exercises} exercises into dist/`)

/**
 * @param {{ input: Record<string, string>, alias: Record<string, string>, external: string[], groups: typeof groups }} options
 * @returns {Promise<string[]>} the modules that went in, absolute
 */
async function bundle({ input, alias, external, groups: codeSplitting }) {
  const build = await rolldown({
    cwd: root,
    input,
    external,
    platform: 'node',
    preserveEntrySignatures: 'allow-extension',
    resolve: { alias },
    plugins: [withoutExecutables, withoutBuilds],
    transform: { target: 'node20' },
    // Types that only the compiler sees, and commands that are loaded together on purpose.
    checks: { ineffectiveDynamicImport: false },
  })
  const { output } = await build.write({
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    // Readable names in the stack traces of our own bugs; comments and spaces nobody needs.
    minify: { compress: false, mangle: false, codegen: true },
    comments: { legal: false },
    ...(codeSplitting.length > 0 && {
      codeSplitting: { groups: codeSplitting, includeDependenciesRecursively: false },
    }),
  })
  await build.close()
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
}

/** @param {string} id */
function local(id) {
  // node_modules may lie elsewhere, behind a link.
  const packages = id.lastIndexOf('/node_modules/')
  return packages < 0 ? relative(root, id) : id.slice(packages + 1)
}
