// 405 for a path that exists with other methods.
import type { FastifyInstance, HTTPMethods } from 'fastify'
import { Problem } from '../leaderboard/problem.ts'

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']

/**
 * Answers 405 with `Allow` wherever a path exists but not for the method. Starts to watch when called; the function
 * that it returns adds the routes, in the scope of the path's own and so with its error handler.
 */
export function watchMethods (server: FastifyInstance): () => void {
  const paths = new Map<string, { scope: FastifyInstance, methods: Set<string> }>()
  server.addHook('onRoute', function (this: FastifyInstance, { url, method }) {
    const path = paths.get(url) ?? { scope: this, methods: new Set() }
    paths.set(url, path)
    for (const one of [method].flat()) path.methods.add(one)
  })

  return () => {
    for (const [url, { scope, methods }] of [...paths]) {
      const others = METHODS.filter((method) => !methods.has(method))
      if (others.length === 0 || url.includes('*')) continue
      const allow = [...methods].sort().join(', ')
      scope.route({
        url,
        method: others,
        schema: { hide: true },
        handler: () => {
          throw new Problem('method_not_allowed', `This path takes ${allow}.`, { headers: { allow } })
        }
      })
    }
  }
}
