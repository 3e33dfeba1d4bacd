import { dns } from './definitions/dns.ts'
import { haproxy } from './definitions/haproxy.ts'
import { kafka } from './definitions/kafka.ts'
import { memcached } from './definitions/memcached.ts'
import { mongodb } from './definitions/mongodb.ts'
import { nginx } from './definitions/nginx.ts'
import { postgres } from './definitions/postgres.ts'
import { prometheus } from './definitions/prometheus.ts'
import { rabbitmq } from './definitions/rabbitmq.ts'
import { redis } from './definitions/redis.ts'
import type { ServiceDefinition } from './service.ts'

/** Every service that an exercise can name, by its id. */
export const services = {
  redis,
  postgres,
  mongodb,
  memcached,
  rabbitmq,
  kafka,
  nginx,
  haproxy,
  prometheus,
  dns,
} satisfies Record<string, ServiceDefinition>

export type ServiceId = keyof typeof services

export const serviceIds = Object.keys(services) as ServiceId[]
