// Health for operators and balancers: whether the process lives, and whether requests should come here.
import { Type } from 'typebox'
import { unavailable } from '../leaderboard/problem.ts'
import { PROBLEMS } from './errors.ts'
import type { Server } from './server.ts'

const Ok = Type.Object({ status: Type.Literal('ok') })

/** `/healthz` is about the process alone; `/readyz` says whether requests should come here. Neither is limited. */
export function registerHealth (
  server: Server,
  { isReady, isDraining }: { isReady: () => boolean, isDraining: () => boolean }
): void {
  const config = { edgeLimit: false } as const
  server.get('/healthz', {
    config,
    schema: { summary: 'Whether the process is alive', tags: ['operations'], response: { 200: Ok } }
  }, async () => ({ status: 'ok' as const }))

  server.get('/readyz', {
    config,
    schema: {
      summary: 'Whether the store is reachable and the node stays',
      tags: ['operations'],
      response: { 200: Ok, ...PROBLEMS }
    }
  }, async () => {
    if (isDraining()) throw unavailable('This node is stopping.')
    if (!isReady()) throw unavailable('The score store is away.')
    return { status: 'ok' as const }
  })
}
