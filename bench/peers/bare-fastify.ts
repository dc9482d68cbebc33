// The limit of the machine: a Fastify POST with the increment route's body, schema and answer, and nothing behind it.
import fastify from 'fastify'

const server = fastify({ logger: false })

server.post('/v1/boards/:board/increments', {
  schema: {
    body: {
      type: 'object',
      properties: { action_id: { type: 'string', maxLength: 128 }, increment: { type: 'integer', minimum: 1 }, user_id: { type: 'string', maxLength: 128 } },
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

console.log(`is live at ${await server.listen({ host: '127.0.0.1', port: 0 })}`)
