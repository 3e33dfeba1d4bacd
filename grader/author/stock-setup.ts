/** Loaded by stock Vitest before an exercise's hidden tests: opens the kit for them. */
import { afterAll } from 'vitest'
import { isolations } from '../isolation/index.ts'
import { enterContext, type RunSettings } from '../kit/context.ts'
import { openRunScope } from '../solution/run-scope.ts'

// Vitest hands nothing but the environment to a setup file that is loaded before the tests are collected.
const settings = JSON.parse(process.env['LEARN_BACKEND_RUN_SETTINGS'] ?? 'null') as RunSettings | null
if (!settings) throw new Error('stock-setup.js is for "learn-backend author check", which hands it the run to open.')
const scope = openRunScope()
enterContext(settings, scope, isolations.none)
afterAll(() => scope[Symbol.asyncDispose]())
