import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['grader/**/*.test.ts', 'cli/**/*.test.ts', 'fixtures/stand-ins/**/*.test.ts'],
    // End-to-end tests start processes and wait for them; two cores carry no more.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})
