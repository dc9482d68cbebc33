// The live page, and the modules that other pages import.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import type { Server } from './server.ts'

/** What the build makes of `web/`. Resolves from `src/http/` and from `dist/http/` alike. */
const WEB = fileURLToPath(new URL('../../dist/web/', import.meta.url))

/** Modules that other pages import: they load across origins only where both headers allow it. */
const SHARED = /[\\/](client|live-scoreboard)\.js$/

/**
 * Serves the live page at `/`, with headers that allow it its own files and its own service alone.
 *
 * @throws Error where `dist/web/` was not built
 */
export async function registerPage (server: Server): Promise<void> {
  if (!existsSync(WEB)) throw new Error('the live page is not built: run npm run build')
  await server.register(async (scope) => {
    await scope.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          connectSrc: ["'self'", 'ws:', 'wss:'],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"]
        }
      },
      strictTransportSecurity: false // the proxy that terminates TLS decides
    })
    await scope.register(fastifyStatic, {
      root: WEB,
      wildcard: false,
      schemaHide: true,
      // Names without a hash: asked for each time, answered by 304 as long as the ETag fits.
      cacheControl: false,
      setHeaders (reply, file) {
        reply.header('cache-control', 'no-cache')
        if (!SHARED.test(file)) return
        reply.headers({ 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' })
      }
    })
  })
}
