const { env } = process

export const settings = {
  port: Number(env.PORT ?? 3000),
  redisUrl: env.REDIS_URL ?? 'redis://127.0.0.1:6379',
  originUrl: env.ORIGIN_URL ?? 'http://127.0.0.1:4000',
  ttlMs: Number(env.TTL_MS ?? 60_000),
  negativeTtlMs: Number(env.NEGATIVE_TTL_MS ?? 5000),
  redisTimeoutMs: Number(env.REDIS_TIMEOUT_MS ?? 100),
  originTimeoutMs: Number(env.ORIGIN_TIMEOUT_MS ?? 5000),
}
