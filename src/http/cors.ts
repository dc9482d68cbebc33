// Cross-origin requests (CORS): which pages may call the service.
import cors from '@fastify/cors'
import type { Server } from './server.ts'

const EXPOSED = [
  'age',
  'etag',
  'idempotency-key',
  'idempotency-replayed',
  'location',
  'preference-applied',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after'
]
const PREFLIGHT_SECONDS = 600

/**
 * Lets pages of these origins call the service (CORS, by the Fetch standard). Without any, browsers keep foreign pages
 * out.
 */
export async function registerCrossOrigin (server: Server, allowedOrigins: readonly string[]): Promise<void> {
  if (allowedOrigins.length === 0) return
  await server.register(cors, {
    origin: allowedOrigins.includes('*') ? '*' : [...allowedOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: PREFLIGHT_SECONDS,
    strictPreflight: false
  })
}
