// The leaderboard library `redis-rank` behind Fastify: an `aggregate` board, an update and the top 10 a request, each
// one trip to Redis (https://github.com/mlomb/redis-rank/blob/master/docs/EXAMPLES.md). Tokens by @fastify/jwt
// (https://github.com/fastify/fastify-jwt#usage), each verified once
// (https://github.com/nearform/fast-jwt#createverifier), schemas of what comes in and goes out
// (https://fastify.dev/docs/latest/Guides/Getting-Started/#serialize-data), and Socket.IO on Fastify's own server,
// which brings the top to everybody after each update as the other peers do
// (https://socket.io/docs/v4/server-initialization/). The library keeps no names: a user is shown by the id.
import fastifyJwt from '@fastify/jwt'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { Leaderboard } from 'redis-rank'
import { Server } from 'socket.io'

const { REDIS_URL = '', JWT_SECRET = '' } = process.env
const redis = new Redis(REDIS_URL, { lazyConnect: true, retryStrategy: () => null })
redis.on('error', () => {}) // seen by its consequence
await redis.connect().catch(() => {
  console.log(`redis-rank: there is no Redis at ${REDIS_URL}`)
  process.exit(1)
})
const board = new Leaderboard(redis, 'scoreboard', { sortPolicy: 'high-to-low', updatePolicy: 'aggregate' })

const server = fastify({ logger: false })
await server.register(fastifyJwt, { secret: JWT_SECRET, verify: { algorithms: ['HS256'], cache: 50_000 } })
const io = new Server(server.server)
io.on('connection', async (socket) => {
  socket.emit('update', { top_scores: await readTop() })
})

const Row = {
  type: 'object',
  properties: { rank: { type: 'integer' }, user_id: { type: 'string' }, score: { type: 'integer' } }
}

server.post('/api/update-score', {
  onRequest: async (request) => {
    await request.jwtVerify()
  },
  schema: {
    body: {
      type: 'object',
      properties: {
        action_id: { type: 'string', maxLength: 128 },
        increment: { type: 'integer', minimum: 1, default: 1 }
      },
      additionalProperties: false
    },
    response: { 200: { type: 'object', properties: { status: { type: 'string' }, new_score: { type: 'integer' } } } }
  }
}, async (request) => {
  const { increment } = request.body as { increment: number }
  const score = await board.updateOne((request.user as { sub: string }).sub, increment)
  io.emit('update', { event: 'update', top_scores: await readTop() })
  return { status: 'success', new_score: score }
})
server.get('/api/top-scores', {
  schema: { response: { 200: { type: 'object', properties: { top_scores: { type: 'array', items: Row } } } } }
}, async () => ({ top_scores: await readTop() }))

async function readTop (): Promise<object[]> {
  return (await board.top(10)).map(({ rank, id, score }) => ({ rank, user_id: id, score }))
}

console.log(`is live at ${await server.listen({ host: '127.0.0.1', port: 0 })}`)
