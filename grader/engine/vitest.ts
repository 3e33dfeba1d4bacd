/**
 * What `import ... from 'vitest'` gives a hidden test inside the engine: Vitest's own runner, assertions and spies,
 * without Vite. `author check` holds it against stock Vitest, test by test.
 */
import * as chai from 'chai'
import {
  addCustomEqualityTesters,
  ASYMMETRIC_MATCHERS_OBJECT,
  ChaiStyleAssertions,
  customMatchers,
  getState,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
  type ExpectStatic,
} from '@vitest/expect'
import { getCurrentTest } from '@vitest/runner'
import { fn, isMockFunction, spyOn } from '@vitest/spy'
import { poll, waitFor, waitUntil } from './polling.ts'

export {
  afterAll,
  afterEach,
  aroundAll,
  aroundEach,
  beforeAll,
  beforeEach,
  describe,
  it,
  onTestFailed,
  onTestFinished,
  suite,
  test,
} from '@vitest/runner'
export const assert = chai.assert

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(ChaiStyleAssertions)
chai.use(JestAsymmetricMatchers)

export const expect = createExpect()
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect, writable: true, configurable: true })

function createExpect(): ExpectStatic {
  const create = (value: unknown, message?: string) => {
    setState({ assertionCalls: getState(self).assertionCalls + 1 }, self)
    const assertion = chai.expect(value, message)
    const test = getCurrentTest()
    // `withTest` is added to chai's assertions by the plugins above, which its types don't know.
    return test ? (assertion as unknown as { withTest(test: unknown): unknown }).withTest(test) : assertion
  }
  const self = create as unknown as ExpectStatic
  Object.assign(self, chai.expect, (globalThis as Record<symbol, unknown>)[ASYMMETRIC_MATCHERS_OBJECT])
  setState(
    {
      assertionCalls: 0,
      isExpectingAssertions: false,
      isExpectingAssertionsError: null,
      expectedAssertionsNumber: null,
      expectedAssertionsNumberErrorGen: null,
    },
    self,
  )
  const extend = (matchers: object) =>
    (chai.expect as unknown as { extend(target: unknown, matchers: object): void }).extend(self, matchers)
  Object.assign(self, {
    assert: chai.assert,
    getState: () => getState(self),
    setState: (state: object) => setState(state, self),
    extend,
    addEqualityTesters: addCustomEqualityTesters,
    soft: (value: unknown, message?: string) =>
      (self(value, message) as unknown as { withContext(context: object): unknown }).withContext({ soft: true }),
    poll: poll(self),
    unreachable: (message?: string) => chai.assert.fail(`expected${message ? ` "${message}" ` : ' '}not to be reached`),
  })
  extend(customMatchers)
  return self
}

/** The part of `vi` that makes sense against a black box: waiting, and functions that remember their calls. */
export const vi = { fn, spyOn, isMockFunction, waitFor, waitUntil }
