import * as z from 'zod'

const kebab = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use lower-case words joined by hyphens')
const sentence = z.string().trim().min(1, 'must not be empty')
const fileName = z.string().regex(/^[\w-][\w.-]*$/, 'use the name of a file, without a folder')
const milliseconds = z.int().min(50).max(120_000)

const limitsSchema = z.strictObject({
  /** Until the port answers. */
  start_ms: milliseconds.default(5000),
  /** One test. */
  test_ms: milliseconds.default(5000),
  /** One request, unless the test says otherwise. */
  request_ms: milliseconds.default(2000),
  /** Output after which a program is ended as flooding. */
  output_kb: z.int().min(16).max(262_144).default(16_384),
  /** One answer's body. */
  answer_kb: z.int().min(16).max(262_144).default(10_240),
  // What an isolated solution may use; see grader/isolation/isolation.ts.
  memory_mb: z.int().min(64).max(16_384).default(512),
  processes: z.int().min(16).max(4096).default(256),
  open_files: z.int().min(64).max(65_536).default(1024),
  disk_mb: z.int().min(8).max(4096).default(256),
  cpu_s: z.int().min(5).max(3600).default(120),
  wall_s: z.int().min(10).max(3600).default(300),
})

const stepSchema = z.strictObject({
  id: kebab,
  title: sentence,
  /** The heading of README.md that specifies it. */
  section: sentence,
  points: z.int().min(1).max(100),
  /** Earlier steps without which this one can't be judged. */
  needs: z.array(kebab).default([]),
  hints: z.array(sentence).min(2, 'two or three hints').max(3, 'two or three hints'),
})

const failureCauses = ['never_listened', 'crashed', 'timeout', 'resource_limit', 'build_failed'] as const

const wrongSchema = z.strictObject({
  /** `wrong/<patch>.patch`, a diff on the TypeScript reference. */
  patch: kebab,
  /** The step on which it fails; it passes those before. */
  step: kebab,
  /** The titles of the tests of that step that fail; the others pass. */
  tests: z.array(sentence).min(1),
  because: sentence,
  cause: z.enum(failureCauses).optional(),
})

/** `exercise.yaml`. */
export const exerciseSchema = z.strictObject({
  version: z.literal(1),
  id: kebab,
  title: sentence,
  summary: sentence,
  interface: z.enum(['http', 'tcp', 'cli', 'suite', 'files']),
  /** What a learner needs, honestly estimated. */
  minutes: z.int().min(1).max(6000),
  services: z.array(kebab).default([]),
  limits: limitsSchema.prefault({}),
  /** By language: files of the course's folder `shared/<language>` that are placed beside the starter. */
  shared: z.record(kebab, z.array(fileName).min(1)).default({}),
  steps: z.array(stepSchema).min(5, 'at least five steps'),
  wrong: z.array(wrongSchema).min(6, 'at least six wrong solutions'),
})

/** `course.yaml`. */
export const courseSchema = z.strictObject({
  version: z.literal(1),
  id: kebab,
  title: sentence,
  topics: z
    .array(
      z.strictObject({
        /** The topic's folder. */
        id: kebab,
        title: sentence,
        /** Folders of exercises, in the order in which they are offered. */
        exercises: z.array(kebab).default([]),
      }),
    )
    .min(1),
})

export type ExerciseFile = z.infer<typeof exerciseSchema>
export type CourseFile = z.infer<typeof courseSchema>
export type WrongSolution = ExerciseFile['wrong'][number]
export type Step = ExerciseFile['steps'][number]
