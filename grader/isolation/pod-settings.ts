import type { Report } from '../report/schema.ts'
import type { Limits } from './isolation.ts'

/** What a process in a pod must know of it. Plain data: it travels there. */
export type PodSettings = BubblewrapSettings | DockerSettings

interface CommonSettings {
  description: Report['isolation']
  limits: Limits
  /** The only folder in which solutions may write; no more fits into it than they may. */
  room: string
}

export interface BubblewrapSettings extends CommonSettings {
  id: 'bubblewrap'
  /** The program that makes sandboxes, absolute. */
  program: string
  /** What every program of the solution sees beside the system's own: absolute paths. */
  visible: string[]
  /** Below /usr, and hidden all the same. */
  hidden: string[]
  /** Control groups, where there are any. */
  groups: { solution: ControlGroups; services: ControlGroups } | undefined
}

export interface DockerSettings extends CommonSettings {
  id: 'docker'
  /** Whom solutions run as, and the group by which the grader reaches what is closed to them. */
  user: { uid: number; gid: number }
  /** The container's own. */
  groups: ControlGroups
}

/** Folders of control groups, one for all controllers in version 2. */
export interface ControlGroups {
  version: 1 | 2
  memory: string
  pids: string
}
