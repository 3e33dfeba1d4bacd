import { StartFailure } from '../../services/native/native-driver.ts'
import type { Server, StartRequest } from '../../services/server.ts'
import type { TestService } from '../../services/run-services.ts'
import { context } from '../context.ts'
import { SolutionFailure } from '../evidence.ts'
import type { Closers } from './service-handle.ts'

/** A service that the test starts itself. @throws when exercise.yaml does not name it */
export function testService(id: string): TestService {
  const found = context().services?.started.get(id)
  if (!found) throw new Error(`the test uses "${id}", which is not under services: in exercise.yaml`)
  return found
}

/**
 * Starts a server with the solution's configuration; it is stopped after the test.
 * @throws SolutionFailure with the server's own words when it does not accept the configuration
 */
export async function startForTest(
  { definition, driver }: TestService,
  { asked, closers, ...request }: Pick<StartRequest, 'files' | 'ports'> & { asked: string; closers: Closers },
): Promise<Server> {
  const { scope, services, recorder } = context()
  if (!services) throw new Error('no services were prepared for this run')
  const { settings } = services
  const { signal } = context()
  signal.throwIfAborted()
  const starting = driver.start({ ...request, definition, settings, scope, signal })
  let gone: Promise<unknown> | undefined
  const end = () => (gone ??= starting.then((server) => server[Symbol.asyncDispose]()).catch(() => {}))
  // A test that is given up does not come to its end, and may be just starting it.
  services.closers.push(end)
  try {
    const server = await starting
    closers.push(end)
    return server
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error
    const log = readableServerLog(error.log)
    const ended = error.outcome === 'ended'
    const evidence = {
      asked,
      expected: `${definition.name} accepts the configuration and listens`,
      got: ended
        ? `it refused to start${log.length > 0 ? `: ${log.at(-1)}` : ''}`
        : 'it runs, and does not listen on its port',
      log,
    }
    recorder.record(evidence)
    throw new SolutionFailure(
      ended ? 'crashed' : 'never_listened',
      ended
        ? `${definition.name} did not start with this configuration.`
        : `${definition.name} started, but nothing listens on its port.`,
      evidence,
    )
  }
}

/** The folder in which the server got a copy of the files means nothing to a learner; notices of its start neither. */
export function readableServerLog(lines: string[]): string[] {
  return lines
    .filter((line) => !/\[notice\]|^\[NOTICE\]/i.test(line))
    .map((line) => line.replaceAll(/(?:\/\S*)?\/(?:\d+-(?:nginx|haproxy|prometheus)|learn-backend)\//g, ''))
}
