import * as z from 'zod'

/** Why a test or an exercise failed, when it is not a plain wrong answer. */
const cause = z.enum([
  'never_listened',
  'crashed',
  'timeout',
  'out_of_memory',
  'resource_limit',
  'build_failed',
  'refused',
  'environment',
  'exercise',
  'internal',
])

/** Which limit was hit, when the cause is one. */
const limit = z.enum(['memory', 'processes', 'cpu', 'files', 'disk', 'output', 'answer', 'time'])

const evidence = z.strictObject({
  asked: z.string().optional(),
  sent: z.string().optional(),
  expected: z.string().optional(),
  got: z.string().optional(),
  notes: z.array(z.string()).optional(),
  /** What the solution and its services said to each other, e.g. `redis> GET a → (nil)`. */
  conversation: z.array(z.string()).optional(),
  replay: z.string().optional(),
  log: z.array(z.string()).optional(),
  stack: z.array(z.string()).optional(),
})

const points = z.strictObject({ earned: z.number().int(), possible: z.number().int() })

const test = z.strictObject({
  title: z.string(),
  status: z.enum(['passed', 'failed', 'skipped']),
  /** Milliseconds. */
  ms: z.number(),
  message: z.string().optional(),
  cause: cause.optional(),
  limit: limit.optional(),
  evidence: evidence.optional(),
})

const step = z.strictObject({
  id: z.string(),
  title: z.string(),
  /** The heading of the spec that describes it. */
  section: z.string(),
  status: z.enum(['passed', 'failed', 'skipped', 'errored']),
  points,
  ms: z.number(),
  /** The failed step because of which this one was skipped. */
  needs: z.string().optional(),
  tests: z.array(test),
})

/** How the solution was confined. */
export const isolationSchema = z.strictObject({
  /** As `--isolation` takes it. */
  id: z.string(),
  /** E.g. `bubblewrap 0.8.0, as an unused user, without a network`. */
  mechanism: z.string(),
  /** What held each limit, e.g. `memory: cgroup v2, 512 MiB`. */
  limits: z.array(z.string()),
})

/** The result of one grading, from which every output format is made. */
export const reportSchema = z.strictObject({
  version: z.literal(1),
  exercise: z.strictObject({ id: z.string(), title: z.string(), topic: z.string() }),
  status: z.enum(['passed', 'failed', 'errored']),
  cause: cause.optional(),
  limit: limit.optional(),
  message: z.string().optional(),
  /** For what concerns the whole solution: a build that failed, a program that never listened. */
  evidence: evidence.optional(),
  points,
  steps: z.array(step),
  /** Repeats the same random inputs with `--seed`. */
  seed: z.string(),
  toolchain: z.strictObject({ id: z.string(), name: z.string(), version: z.string() }),
  services: z.array(z.strictObject({ id: z.string(), driver: z.string(), version: z.string() })),
  isolation: isolationSchema,
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  ms: z.number(),
  /** The version of learn-backend. */
  grader: z.string(),
})

export type Report = z.infer<typeof reportSchema>
export type ReportStep = Report['steps'][number]
export type ReportTest = ReportStep['tests'][number]
export type Limit = z.infer<typeof limit>
export type Cause = z.infer<typeof cause>
