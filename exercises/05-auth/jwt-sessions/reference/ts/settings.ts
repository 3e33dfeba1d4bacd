export interface Settings {
  port: number
  dataDir: string
  secret: string
  audience: string
  /** Seconds. */
  accessTtl: number
  /** Seconds. */
  refreshTtl: number
  admin?: { email: string; password: string }
}

/** Throws an `Error` that says what is wrong with the environment. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const secret = env['JWT_SECRET'] ?? ''
  // RFC 7518, section 3.2: a key for HS256 has at least as many bits as its hash.
  if (Buffer.byteLength(secret) < 32) throw new Error('JWT_SECRET must be set and have at least 32 bytes.')
  const email = env['ADMIN_EMAIL']
  const password = env['ADMIN_PASSWORD']
  return {
    port: Number(env['PORT'] ?? 3000),
    dataDir: env['DATA_DIR'] ?? 'data',
    secret,
    audience: env['JWT_AUDIENCE'] ?? 'shop-api',
    accessTtl: Number(env['ACCESS_TTL'] ?? 900),
    refreshTtl: Number(env['REFRESH_TTL'] ?? 2_592_000),
    ...(email && password ? { admin: { email, password } } : {}),
  }
}
