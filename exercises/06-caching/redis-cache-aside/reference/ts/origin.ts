import { settings } from './settings.ts'

export interface Answer {
  status: number
  /** As text, never parsed: JSON.parse would turn 12.50 into 12.5 and round big integers. */
  body: string
}

/** Asks the origin once. Never rejects: a call that failed is a 502 or 504. */
export async function askOrigin(method: string, id: string, body?: Buffer): Promise<Answer> {
  try {
    const response = await fetch(`${settings.originUrl}/products/${id}`, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(settings.originTimeoutMs),
      ...(body !== undefined && { body: new Uint8Array(body), headers: { 'content-type': 'application/json' } }),
    })
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()).toString() }
  } catch (error) {
    const late = error instanceof Error && error.name === 'TimeoutError'
    return late ? failure(504, 'the origin did not answer in time') : failure(502, 'the origin could not be reached')
  }
}

function failure(status: number, error: string): Answer {
  return { status, body: JSON.stringify({ error }) }
}
