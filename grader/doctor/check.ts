import type { ServiceSettings } from '../services/server.ts'

/** What a check says. `note`: something is absent that one can do without. */
export interface Finding {
  status: 'ok' | 'note' | 'problem'
  /** What was seen, in one line. */
  message: string
  /** What to do about it. */
  remedy?: string
}

/** What checks look at. */
export interface Surroundings {
  /** Where the learner is. */
  cwd: string
  /** The course to check; default: the workspace's, else the built-in one. */
  course?: string
  /** How services would be started. */
  services: ServiceSettings
}

/** One thing that learn-backend needs. A check throws only when it is itself broken. */
export interface Check {
  /** As a person would name it. */
  name: string
  /** `machine`: the environment lacks something (exit code 3); `content`: a file is invalid (2). */
  about: 'machine' | 'content'
  check(surroundings: Surroundings): Promise<Finding>
}
