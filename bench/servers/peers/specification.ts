// The service as the specifications describe it (../shared/specs): Express, PostgreSQL with an index on the score,
// `jsonwebtoken`, and Socket.IO, which brings the top 10 to everybody after each update. One UPDATE and one SELECT a
// request, each a prepared statement. With REDIS_URL the top 10 comes from a cache instead of the SELECT (see
// top-cache.ts).
//
// Built as they recommend it: NODE_ENV=production, given by who starts it
// (https://expressjs.com/en/advanced/best-practice-performance.html), the pool's default of 10 connections
// (https://node-postgres.com/guides/pool-sizing), prepared statements by their name
// (https://node-postgres.com/features/queries), `verify` with the one algorithm and a KeyObject
// (https://github.com/auth0/node-jsonwebtoken#readme; a secret given as text takes it 0.4 ms a token instead of 8
// µs), `io.emit` (https://socket.io/docs/v4/broadcasting-events/) on the same HTTP server
// (https://socket.io/docs/v4/server-initialization/). To its advantage it leaves out what they ask for besides: rate
// limits, an audit log, and that an action counts once.
import { createSecretKey } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import jwt from 'jsonwebtoken'
import pg from 'pg'
import { Server } from 'socket.io'
import { openTopCache, type Row, type TopCache } from './top-cache.ts'

const { DATABASE_URL, JWT_SECRET = '', REDIS_URL } = process.env
const secret = createSecretKey(Buffer.from(JWT_SECRET))
const pool = new pg.Pool({ connectionString: DATABASE_URL })
pool.on('error', () => {}) // the next query tells

/** Scores are far from where a double ends. */
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

const cache: TopCache | undefined = REDIS_URL === undefined ? undefined : await openTopCache(REDIS_URL).catch(leave)
await pool.query('SELECT 1').catch(() => leave(new Error(`there is no PostgreSQL at ${DATABASE_URL}`)))
await cache?.fill(await selectTop())

const app = express()
const server = createServer(app)
const io = new Server(server)
io.on('connection', async (socket) => {
  socket.emit('update', { top_scores: await readTop() })
})

const authenticate: RequestHandler = (request, response, next) => {
  const [scheme, token = ''] = request.headers.authorization?.split(' ') ?? []
  try {
    if (scheme !== 'Bearer') throw new Error('no bearer token')
    response.locals['user'] = jwt.verify(token, secret, { algorithms: ['HS256'] })
    next()
  } catch {
    response.status(401).json({ error: 'invalid_token', message: 'This needs a valid token.' })
  }
}

app.disable('x-powered-by')
app.post('/api/update-score', authenticate, express.json(), async (request, response) => {
  const { increment = 1 } = request.body as { increment?: unknown }
  if (!Number.isSafeInteger(increment) || Number(increment) < 1) {
    response.status(400).json({ error: 'invalid_increment', message: 'The increment is a positive integer.' })
    return
  }
  const { rows: [user] } = await pool.query<Row>({
    name: 'raise',
    text: 'UPDATE users_scores SET score = score + $2 WHERE user_id = $1 RETURNING user_id, username, score',
    values: [response.locals['user'].sub, increment]
  })
  if (user === undefined) {
    response.status(404).json({ error: 'unknown_user', message: 'There is no such user.' })
    return
  }
  io.emit('update', { event: 'update', top_scores: await (cache?.raise(user) ?? selectTop()) })
  response.json({ status: 'success', new_score: user.score })
})
app.get('/api/top-scores', async (_request, response) => {
  response.json({ top_scores: await readTop() })
})
const onError: ErrorRequestHandler = (_error, _request, response, _next) => {
  response.status(500).json({ error: 'database_error', message: 'The database failed.' })
}
app.use(onError)

async function selectTop (): Promise<Row[]> {
  const { rows } = await pool.query<Row>({
    name: 'top',
    text: 'SELECT user_id, username, score FROM users_scores ORDER BY score DESC LIMIT 10'
  })
  return rows
}

async function readTop (): Promise<Row[]> {
  return await (cache?.read() ?? selectTop())
}

function leave (error: Error): never {
  console.log(`specification: ${error.message}`)
  process.exit(1)
}

server.listen(
  0,
  '127.0.0.1',
  () => console.log(`is live at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
)
