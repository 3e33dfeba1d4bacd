export type Settings = ReturnType<typeof readSettings>

export function readSettings(env: NodeJS.ProcessEnv) {
  return {
    port: Number(env['PORT'] ?? 3000),
    dataDir: env['DATA_DIR'] ?? 'data',
    brokers: (env['KAFKA_BROKERS'] ?? '127.0.0.1:9092').split(','),
    topic: env['TOPIC'] ?? 'order-events',
    deadLetterTopic: env['DEAD_LETTER_TOPIC'] ?? 'order-events.dead',
    group: env['GROUP'] ?? 'order-projection',
    sessionTimeoutMs: Number(env['SESSION_TIMEOUT_MS'] ?? 10_000),
    publishTimeoutMs: Number(env['PUBLISH_TIMEOUT_MS'] ?? 5000),
    workMs: Number(env['WORK_MS'] ?? 0),
  }
}
