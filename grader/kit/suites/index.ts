import type { SuiteRunner } from './runner.ts'

/** Every test runner that a suite can be written for; loaded when it is needed. */
export const suiteRunners = {
  'node-test': async () => (await import('./node-test.ts')).nodeTest,
  vitest: async () => (await import('./vitest.ts')).vitest,
  jest: async () => (await import('./jest.ts')).jest,
  pytest: async () => (await import('./pytest.ts')).pytest,
  'go-test': async () => (await import('./go-test.ts')).goTest,
  junit: async () => (await import('./junit.ts')).junit,
} satisfies Record<string, () => Promise<SuiteRunner>>

export type SuiteRunnerId = keyof typeof suiteRunners
