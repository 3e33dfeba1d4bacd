const { env } = process

export const settings = {
  port: Number(env.PORT ?? 3000),
  memcachedServers: env.MEMCACHED_SERVERS ?? '127.0.0.1:11211',
  /** Plain passwords keep this exercise short. Anything real stores hashes that are made for passwords. */
  users: new Map(Object.entries(JSON.parse(env.USERS ?? '{}') as Record<string, string>)),
  sessionTtl: Number(env.SESSION_TTL ?? 1800),
  memcachedTimeoutMs: Number(env.MEMCACHED_TIMEOUT_MS ?? 500),
}
