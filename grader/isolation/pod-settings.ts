import type { Report } from '../report/schema.ts'
import type { Limits } from './isolation.ts'

/** What a process in a pod must know of it. Plain data: it travels there. */
export interface PodSettings {
  id: 'bubblewrap' | 'docker'
  description: Report['isolation']
  limits: Limits
  /** The only folder in which solutions may write; no more fits into it than they may. */
  room: string
  /** What every program of the solution sees beside the system's own: absolute paths. */
  visible: string[]
  /** Below /usr, and hidden all the same. */
  hidden: string[]
  /** Whom solutions run as, where the grader has to see to that. */
  user?: { uid: number; gid: number }
  /** The program that makes sandboxes, absolute. */
  bubblewrap?: string
  /** Control groups that hold the solution, if there are any. */
  groups: ControlGroups | undefined
  /** And those that hold its services. */
  serviceGroups?: ControlGroups | undefined
}

/** Folders of control groups, one for all controllers in version 2. */
export interface ControlGroups {
  version: 1 | 2
  memory: string
  pids: string
}
