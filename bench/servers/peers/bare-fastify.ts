// The limit of the machine: a Fastify POST with the increment route's body, schema and answer, a GET with those of
// the top, and nothing behind them.
import fastify from 'fastify'

const server = fastify({ logger: false })

server.post('/v1/boards/:board/increments', {
  schema: {
    body: {
      type: 'object',
      properties: {
        action_id: { type: 'string', maxLength: 128 },
        increment: { type: 'integer', minimum: 1 },
        user_id: { type: 'string', maxLength: 128 }
      },
      additionalProperties: false
    },
    response: {
      200: {
        type: 'object',
        properties: {
          board: { type: 'string' },
          user_id: { type: 'string' },
          action_id: { type: 'string' },
          increment: { type: 'integer' },
          new_score: { type: 'integer' },
          applied: { type: 'boolean' }
        }
      }
    }
  }
}, async (request) => {
  const { action_id: actionId, increment } = request.body as { action_id: string, increment: number }
  return { board: 'main', user_id: 'nobody', action_id: actionId, increment, new_score: 42, applied: true }
})

const row = {
  type: 'object',
  properties: {
    rank: { type: 'integer' },
    user_id: { type: 'string' },
    username: { type: 'string' },
    score: { type: 'integer' }
  }
}
const rows = Array.from(
  { length: 10 },
  (_, n) => ({ rank: n + 1, user_id: `user-${n}`, username: `Player ${n}`, score: 1000 - n })
)

server.get(
  '/v1/boards/:board/top',
  {
    schema: {
      querystring: {
        type: 'object',
        properties: { limit: { type: 'integer', minimum: 1, maximum: 100, default: 10 } },
        additionalProperties: false
      },
      response: {
        200: {
          type: 'object',
          properties: {
            board: { type: 'string' },
            window: { type: 'string' },
            epoch: { type: 'string' },
            version: { type: 'integer' },
            generated_at: { type: 'string' },
            top_scores: { type: 'array', items: row }
          }
        }
      }
    }
  },
  async () => ({
    board: 'main',
    window: 'all',
    epoch: '64f1c1a5e5d80',
    version: 42,
    generated_at: new Date().toISOString(),
    top_scores: rows
  })
)

console.log(`is live at ${await server.listen({ host: '127.0.0.1', port: 0 })}`)
