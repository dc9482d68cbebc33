import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { Server } from './server.ts'

/** Serves `/openapi.json`, written from the routes' own schemas, and `/docs`, which renders it. Call it before the routes. */
export async function registerOpenApi (server: Server, { version }: { version: string }): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'scorewire', version, description: 'A live leaderboard: an action counts exactly once, and every screen shows it.' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
      tags: [
        { name: 'write', description: 'Raise scores' },
        { name: 'read', description: 'Read boards' },
        { name: 'contracts', description: 'Five published contracts, on the default board' },
        { name: 'operations', description: 'Health and metrics' }
      ]
    }
  })
  await server.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger())
}
