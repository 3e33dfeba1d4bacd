import { createHash, createHmac, getHashes, type BinaryLike } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface StoredFile {
  name: string
  bytes: Buffer
  /** The bytes as latin1, with `\/` (which some JSON writers make of a slash) as a plain slash. */
  text: string
}

export function filesIn(folder: string): StoredFile[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return entries.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name)
    try {
      const bytes = readFileSync(path)
      return [{ name: relative(folder, path), bytes, text: bytes.toString('latin1').replaceAll('\\/', '/') }]
    } catch (error) {
      // A temporary file may be renamed while we look.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  })
}

/** Finds a secret in the files: as it stands, or in an encoding that anyone can undo. Says where and how. */
export function findEncoded(files: StoredFile[], secret: string): string | undefined {
  const forms = [...encodings(Buffer.from(secret)), ...encodings(Buffer.from(secret, 'utf16le'))]
  return findAny(files, forms)
}

/** Finds a refresh token. Of one with several parts (an id and a secret, say), some part must be absent. */
export function findToken(files: StoredFile[], token: string): string | undefined {
  const leaks = token.split(/[.:|~]/).map((part) => (part.length < 8 ? 'short' : findPart(files, part)))
  const found = leaks.filter((leak) => leak !== 'short')
  return found.every((leak) => leak !== undefined) ? found[0] : undefined
}

function findPart(files: StoredFile[], part: string): string | undefined {
  const forms = encodings(Buffer.from(part))
  if (/^([0-9a-f]{2}){16,}$/i.test(part)) forms.push(...encodings(Buffer.from(part, 'hex')))
  if (/^[\w+/-]{22,}=*$/.test(part)) forms.push(...encodings(Buffer.from(part, 'base64')))
  return findAny(files, forms)
}

function findAny(files: StoredFile[], forms: [name: string, form: string][]): string | undefined {
  for (const { name, text } of files) {
    const lower = text.toLowerCase()
    for (const [how, form] of forms) {
      if (how === 'hex' ? lower.includes(form) : text.includes(form)) return `${name} has it as ${how}`
    }
  }
  return undefined
}

function encodings(bytes: Buffer): [name: string, form: string][] {
  const base64 = [0, 1, 2].map((offset) => insideBase64(bytes, offset))
  return [
    ['plain bytes', bytes.toString('latin1')],
    ['hex', bytes.toString('hex')],
    ...base64.map((form): [string, string] => ['base64', form]),
    ...base64.map((form): [string, string] => ['base64url', form.replaceAll('+', '-').replaceAll('/', '_')]),
  ]
}

/** What base64 makes of the bytes when `offset` other bytes come before and any may follow. */
function insideBase64(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}

/**
 * Finds a fast hash of the password, as a thief would who tries one guess: plain, or with anything as the salt that
 * stands in the files (or in `salts`), before or behind the password or as the key of an HMAC.
 */
export function findFastHash(files: StoredFile[], password: string, salts: string[]): string | undefined {
  const plain: [string, Buffer][] = hashesAvailable.map((name) => [name, createHash(name).update(password).digest()])
  for (const [name, digest] of plain) {
    const file = findDigest(files, digest)
    if (file !== undefined) return `${file} has the ${name} of the password`
  }
  const candidates = new Set([...salts, ...files.flatMap(({ text }) => text.match(/[\w+/=-]{4,100}/g) ?? [])])
  for (const salt of [...candidates].slice(0, 400)) {
    for (const bytes of [Buffer.from(salt), Buffer.from(salt, 'hex'), Buffer.from(salt, 'base64')]) {
      if (bytes.length < 3) continue
      for (const [how, digest] of salted(password, bytes)) {
        const file = findDigest(files, digest)
        if (file !== undefined) return `${file} has ${how} of the password, with ${JSON.stringify(salt)} as the salt`
      }
    }
  }
  return undefined
}

const hashesAvailable = [
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'sha3-256',
  'sha3-512',
  'ripemd160',
  'blake2b512',
  'blake2s256',
].filter((name) => getHashes().includes(name))

function salted(password: string, salt: Buffer): [how: string, digest: Buffer][] {
  const hash = (name: string, ...parts: BinaryLike[]) => {
    const state = createHash(name)
    for (const part of parts) state.update(part)
    return state.digest()
  }
  return ['md5', 'sha1', 'sha256', 'sha512'].flatMap((name): [string, Buffer][] => [
    [`the ${name}`, hash(name, salt, password)],
    [`the ${name}`, hash(name, password, salt)],
    [`the ${name}`, hash(name, salt, ':', password)],
    [`the ${name}`, hash(name, password, ':', salt)],
    [`the HMAC with ${name}`, createHmac(name, salt).update(password).digest()],
    [`the HMAC with ${name}`, createHmac(name, password).update(salt).digest()],
  ])
}

function findDigest(files: StoredFile[], digest: Buffer): string | undefined {
  const base64 = digest.toString('base64').replace(/=+$/, '')
  const forms = [digest.toString('hex'), digest.toString('hex').toUpperCase(), base64, digest.toString('base64url')]
  return files.find(({ bytes, text }) => bytes.includes(digest) || forms.some((form) => text.includes(form)))?.name
}

/** What stands in all the first sets of files but not in the last: made from what only the first have in common. */
export function inCommon(a: StoredFile[], b: StoredFile[], control: StoredFile[]): string[] {
  const usual = fragments(control)
  const ofA = fragments(a)
  return [...fragments(b)].filter((fragment) => ofA.has(fragment) && !usual.has(fragment))
}

/** Long random-looking words, and binary pieces, of which no two are ever alike by chance. */
function fragments(files: StoredFile[]): Set<string> {
  const found = new Set<string>()
  for (const { bytes, text } of files) {
    for (const [word] of text.matchAll(/[A-Za-z0-9+/_-]{20,}/g)) {
      if (/[0-9]/.test(word) && /[A-Za-z]/.test(word)) found.add(word)
    }
    let high = 0
    for (let end = 0; end < bytes.length; end++) {
      if (bytes[end]! >= 0x80) high++
      if (end >= 16 && bytes[end - 16]! >= 0x80) high--
      if (end >= 15 && high >= 6) found.add(bytes.toString('hex', end - 15, end + 1))
    }
  }
  return found
}
