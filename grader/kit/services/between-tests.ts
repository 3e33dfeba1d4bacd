import type { LinkedService } from '../../services/run-services.ts'
import { context } from '../context.ts'

/** Each file of tests begins with empty services; the run's first one finds them so. */
export async function beginFile(): Promise<void> {
  const run = context()
  const { services } = run
  if (!services?.used) return
  // A program that was started ahead, and that nobody has taken, has met what is about to go.
  const ahead = run.headStart
  run.headStart = undefined
  await (await ahead?.program.catch(() => undefined))?.kill()
  await Promise.all([...services.linked.values()].map((linked) => restore(linked, true)))
}

/** Whatever a test did to a service or its link is undone before the next one. */
export async function beginTest(): Promise<void> {
  const linked = context().services?.linked
  if (linked)
    await Promise.all([...linked.values()].map((each) => restore(each, each.definition.resetsPerTest === true)))
}

async function restore(linked: LinkedService, empty: boolean): Promise<void> {
  const { server, link } = linked
  if (linked.disturbed) {
    await server.resume()
    await server.start()
    linked.disturbed = false
  }
  link.restore()
  if (empty) await server.reset()
  link.forget()
}

/** Why a service is not running although it should be: then no verdict on the solution means anything. */
export async function brokenService(): Promise<string | undefined> {
  for (const { definition, server, disturbed } of context().services?.linked.values() ?? []) {
    if (disturbed) continue
    const reason = await server.failure().catch((error: unknown) => (error as Error).message)
    if (reason !== undefined) return `${definition.name} (${server.driver}): ${reason}`
  }
  return undefined
}

/** What clients of Redis say by themselves when they connect. */
const greetings = new Set(['HELLO', 'CLIENT', 'INFO'])

/** Exchanges of the failed test that are shown. */
const shown = 12

/** What the solution and its services said to each other since the test began. */
export function conversation(): string[] {
  const lines: { at: number; text: string }[] = []
  for (const { definition, link } of context().services?.linked.values() ?? []) {
    for (const { at, name, text, args, reply, ms } of link.exchanges) {
      if (definition.dialect === 'resp' && greetings.has(name)) continue
      const values = definition.dialect === 'sql' && args.length > 0 ? `  [${args.join(', ')}]` : ''
      const answer =
        reply === undefined ? '(no answer)' : `${reply}${ms === undefined ? '' : `  (${ms.toFixed(1)} ms)`}`
      lines.push({ at, text: `${definition.id}> ${cut(text + values, 160)} → ${cut(answer, 120)}` })
    }
  }
  lines.sort((left, right) => left.at - right.at)
  if (lines.length <= shown) return lines.map(({ text }) => text)
  const left = lines.length - shown
  return [`… ${left} earlier`, ...lines.slice(-shown).map(({ text }) => text)]
}

function cut(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > length ? `${line.slice(0, length)}…` : line
}
