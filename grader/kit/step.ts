import { afterEach, beforeEach, describe } from 'vitest'
import { context } from './context.ts'
import { UserError } from '../user-error.ts'
import type { Evidence, FailureCode } from './evidence.ts'

/**
 * The tests of one step of the exercise. A step is skipped while one that it needs has failed, because its verdict
 * would say nothing.
 * @param id a step of `exercise.yaml`
 */
export function step(id: string, define: () => void): void {
  const { steps } = context().exercise
  if (!steps.some((known) => known.id === id)) {
    throw new Error(`step('${id}') is not in exercise.yaml; there are: ${steps.map((known) => known.id).join(', ')}`)
  }
  describe(id, () => {
    beforeEach(({ skip }) => {
      const run = context()
      if (run.only && !run.only.includes(id)) skip('not selected')
      const missing = missingNeed(id)
      if (missing) skip(`needs ${missing}`)
      if (run.startFailure && !run.keepGoing) skip('the program does not start')
      if (run.stalledSteps.has(id) && !run.keepGoing) skip('a test before it ran out of time')
      if (run.broken) skip('a service is gone')
      if (run.services) run.services.used = true
      run.recorder.begin()
      run.evidence.clear()
    })
    afterEach(async ({ task }) => {
      if (task.result?.state !== 'fail') return
      const run = context()
      const errors = (task.result.errors ?? []) as (Error & { code?: string; remedy?: string; evidence?: Evidence })[]
      Object.assign(task.meta, { evidence: await failureEvidence(errors.map(({ evidence }) => evidence)) })
      const missing = errors.find((error) => error.code === 'environment')
      if (missing)
        run.broken ??= new UserError('environment', missing.message, missing.remedy ? { remedy: missing.remedy } : {})
      const gone = run.services && (await (await import('./services/between-tests.ts')).brokenService())
      if (gone)
        run.broken ??= new UserError('environment', `A service ended by itself: ${gone}`, {
          remedy: 'Run it again; if it happens again, look at: npx learn-backend doctor',
        })
    })
    // Registered first, so that it runs last: a fixture's clean-up may still fail the test.
    beforeEach(({ onTestFailed }) => {
      onTestFailed(({ task }) => {
        const run = context()
        run.failedSteps.add(id)
        const errors = (task.result?.errors ?? []) as { code?: FailureCode }[]
        if (errors.some((error) => error.code === 'timeout')) run.stalledSteps.add(id)
      })
    })
    define()
  })
}

/** What the kit knows of a test that has failed. @param own what its errors say themselves */
async function failureEvidence(own: (Evidence | undefined)[]): Promise<Evidence> {
  const { recorder, evidence, services, solution } = context()
  const further = await Promise.all([...evidence].map((ask) => ask().catch(() => ({}))))
  const lines = services ? (await import('./services/between-tests.ts')).conversation() : []
  const recorded = recorder.evidence()
  const { explainWords } = await import('./explain-words.ts')
  const means = explainWords(solution.toolchain.id, [...own, recorded])
  return Object.assign(
    {},
    ...further,
    recorded,
    lines.length > 0 ? { conversation: lines } : {},
    means.length > 0 ? { notes: [...means, ...(recorded.notes ?? [])] } : {},
  ) as Evidence
}

/** The first step that this one needs, directly or not, and that has failed. */
function missingNeed(id: string): string | undefined {
  const { exercise, failedSteps, keepGoing } = context()
  if (keepGoing) return undefined
  const needs = exercise.steps.find((known) => known.id === id)?.needs ?? []
  return needs.map((need) => (failedSteps.has(need) ? need : missingNeed(need))).find((need) => need !== undefined)
}

/** Adds a line of evidence, shown when the current test fails. */
export function note(text: string): void {
  context().recorder.note(text)
}
