import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { reasonOf, writing } from './not-writable.ts'
import { parseEvent, type ProgressEvent } from './progress-event.ts'
import { timestamp } from './timestamp.ts'

/** The folder of everything that learn-backend remembers about a workspace. */
export const memoryFolder = '.learn-backend'

/** The events of an exercise, one JSON object a line; their order has no meaning, so that clones merge by union. */
export function progressFile(root: string, exercise: string): string {
  return join(root, memoryFolder, 'progress', `${exercise}.jsonl`)
}

/**
 * Adds an event. A line is one write at the end of the file (`O_APPEND`), so that learn-backends that run at once
 * never lose or mix lines.
 * @throws UserError `not_writable`
 */
export function addEvent(root: string, exercise: string, event: ProgressEvent): void {
  const file = progressFile(root, exercise)
  writing(file, () => {
    mkdirSync(dirname(file), { recursive: true })
    append(file, [JSON.stringify(event)])
  })
}

function append(file: string, lines: string[]): void {
  // What went into a file that was set aside in that very moment is written again; reading drops doubles.
  for (let round = 0; round < 5; round++) if (appendOnce(file, lines)) return
}

/** @returns whether the file that was written to is still the one with this name */
function appendOnce(file: string, lines: string[]): boolean {
  const handle = openSync(file, 'a+')
  try {
    const { size, ino } = fstatSync(handle)
    // The rest of a write that a full disk cut short must not spoil this line as well.
    const text = Buffer.from(`${size > 0 && lastByte(handle, size) !== 0x0a ? '\n' : ''}${lines.join('\n')}\n`)
    const written = writeSync(handle, text)
    if (written < text.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' })
    return statSync(file, { throwIfNoEntry: false })?.ino === ino
  } finally {
    closeSync(handle)
  }
}

function lastByte(handle: number, size: number): number | undefined {
  const byte = Buffer.alloc(1)
  return readSync(handle, byte, 0, 1, size - 1) === 1 ? byte[0] : undefined
}

export interface ProgressLines {
  /** Without doubles; those of a newer learn-backend are left out. */
  events: ProgressEvent[]
  /** Lines that are no events, numbered from 1. */
  damaged: number[]
  /** Why the file can't be read at all. */
  unreadable?: string
}

/** Reads the events of an exercise and changes nothing. */
export async function inspectEvents(root: string, exercise: string): Promise<ProgressLines> {
  const file = progressFile(root, exercise)
  try {
    // A last line without an end is being written right now, or never will be.
    for (let round = 0; round < 4; round++) {
      const text = readFileSync(file, 'utf8')
      if (text === '' || text.endsWith('\n')) return parseLines(text)
      await sleep(10)
    }
    return parseLines(readFileSync(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { events: [], damaged: [] }
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    const place = (error as NodeJS.ErrnoException).code === 'EISDIR' ? file : dirname(file)
    return { events: [], damaged: [], unreadable: `${place} can't be read: ${reason}.` }
  }
}

function parseLines(text: string): ProgressLines {
  const found: ProgressLines = { events: [], damaged: [] }
  const seen = new Set<string>()
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || seen.has(trimmed)) continue
    seen.add(trimmed)
    const event = parseEvent(trimmed)
    if (event === undefined) found.damaged.push(index + 1)
    else if (event !== 'unknown') found.events.push(event)
  }
  return found
}

export interface ReadEvents {
  events: ProgressEvent[]
  /** What the learner must know about the file. */
  notice?: string
}

/** Reads the events of an exercise. A damaged file is set aside under another name; its good lines are kept. */
export async function readEvents(root: string, exercise: string, now: Date): Promise<ReadEvents> {
  const { events, damaged, unreadable } = await inspectEvents(root, exercise)
  if (unreadable !== undefined) return { events, notice: unreadable }
  if (damaged.length === 0) return { events }
  const file = progressFile(root, exercise)
  const damage = `${file} is damaged in ${damaged.length === 1 ? 'line' : 'lines'} ${shortened(damaged)}`
  try {
    const aside = setAside(file, now)
    if (aside === undefined) return { events }
    return { events, notice: `${damage}: it was set aside as ${basename(aside)}, and ${kept(events.length)} kept.` }
  } catch (error) {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    return { events, notice: `${damage}, and can't be set aside: ${reason}. The other lines are used.` }
  }
}

/**
 * Renaming comes before copying the good lines: whatever another learn-backend still writes into the renamed file it
 * writes again into the new one.
 * @returns the file's new name; undefined when another learn-backend has just done it
 */
function setAside(file: string, now: Date): string | undefined {
  const aside = reserve(`${file}.damaged-${timestamp(now)}`)
  try {
    renameSync(file, aside)
  } catch (error) {
    rmSync(aside)
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const lines = readFileSync(aside, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const good = lines.filter((line) => parseEvent(line) !== undefined)
  if (good.length > 0) append(file, good)
  if (good.length < lines.length) return aside
  // What was renamed was the new file already, and all of it has been copied.
  rmSync(aside)
  return undefined
}

/** A name that nobody else will take, as an empty file. */
function reserve(wanted: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`
    try {
      closeSync(openSync(name, 'wx'))
      return name
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

function shortened(lines: number[]): string {
  return lines.length > 5 ? `${lines.slice(0, 5).join(', ')} …` : lines.join(', ')
}

function kept(count: number): string {
  return count === 1 ? 'its 1 good event was' : `its ${count} good events were`
}
