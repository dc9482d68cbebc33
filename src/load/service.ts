// The requests of the load generator beside the load: rules, scores, tops.
import { Type, type Static, type TSchema } from 'typebox'
import { checker } from '../leaderboard/schema.ts'
import type { Caller } from './processes/plan.ts'
import { CannotRun } from './settings.ts'

const TIMEOUT_MS = 10_000
/** Ids in a lookup; the service takes at most so many. */
const LOOKUP = 500
const MAX_PAGES = 20
const BATCH = 500

const answerOf = <T extends TSchema>(schema: T) => {
  const is = checker(schema)
  return (body: unknown): Static<T> | undefined => is(body) ? body : undefined
}

const BoardAnswer = answerOf(Type.Object({
  board: Type.String(),
  revision: Type.String(),
  max_increment: Type.Integer(),
  quota: Type.Object({ increments: Type.Integer(), per_seconds: Type.Integer() })
}))
const Entries = Type.Array(Type.Object({ user_id: Type.String(), score: Type.Integer() }))
const LookupAnswer = answerOf(Type.Object({ users: Entries, not_found: Type.Array(Type.String()) }))
const EntriesAnswer = answerOf(Type.Object({
  entries: Entries,
  next_cursor: Type.Optional(Type.Union([Type.String(), Type.Null()]))
}))
const TopAnswer = answerOf(Type.Object({ top_scores: Entries }))

export interface Rules {
  readonly maxIncrement: number
  readonly quotaPerMinute: number
}

interface Increment {
  readonly user: string
  readonly increment: number
  readonly actionId: string
}

interface Call {
  readonly body?: object
  readonly token?: string | undefined
}

/** One deployment of scorewire, as a client sees it. */
export class Service {
  readonly #target: string
  readonly #board: string
  readonly #token: string | undefined

  constructor (target: string, board: string, token: string | undefined) {
    this.#target = target
    this.#board = board
    this.#token = token
  }

  /** What the board allows. @throws CannotRun when there is no answer, or one of another service */
  async rules (): Promise<Rules> {
    const { status, body } = await this.#call('')
    const board = BoardAnswer(body)
    if (board !== undefined) {
      const { increments, per_seconds: perSeconds } = board.quota
      return { maxIncrement: board.max_increment, quotaPerMinute: Math.floor(increments * 60 / perSeconds) }
    }
    const path = `/v1/boards/${this.#board}`
    const code = codeOf(body)
    if (code === 'unknown_board') {
      const name = JSON.stringify(this.#board)
      throw new CannotRun(
        `${this.#target} has no board called ${name}: ` +
          `name one with --board, or make it (PUT ${path})`
      )
    }
    if (code !== undefined || status === 429) this.#refuse(status, body)
    throw new CannotRun(`${this.#target} answers, but it is not scorewire (GET ${path} gave ${status})`)
  }

  /** Sends an increment of nothing: only its refusal is expected. @throws CannotRun when the token may not write */
  async checkToken ({ token, user }: Caller): Promise<void> {
    const { status, body } = user === undefined
      ? await this.#call('/increments/batch', { token, body: {} })
      : await this.#call('/increments', { token, body: { increment: 0 } })
    if (status !== 400) this.#refuse(status, body)
  }

  /** The score of each of those users, 0 for those who have none. */
  async scores (users: readonly string[]): Promise<Map<string, number>> {
    const scores = new Map(users.map((user) => [user, 0]))
    for (let n = 0; n < users.length; n += LOOKUP) {
      const { status, body } = await this.#call('/lookup', { body: { user_ids: users.slice(n, n + LOOKUP) } })
      const found = LookupAnswer(body) ?? this.#refuse(status, body)
      for (const { user_id: user, score } of found.users) scores.set(user, score)
    }
    return scores
  }

  /** Up to so many users of the board, from its first on. */
  async usersOnBoard (most: number): Promise<string[]> {
    const users: string[] = []
    let cursor = ''
    for (let page = 0; page < MAX_PAGES && users.length < most; page++) {
      const { status, body } = await this.#call(`/entries?limit=100${cursor}`)
      const { entries, next_cursor: next } = EntriesAnswer(body) ?? this.#refuse(status, body)
      users.push(...entries.map(({ user_id: user }) => user))
      if (next === undefined || next === null) break
      cursor = `&cursor=${encodeURIComponent(next)}`
    }
    return users.slice(0, most)
  }

  async top (): Promise<readonly { user_id: string, score: number }[]> {
    const { status, body } = await this.#call('/top?limit=10')
    return (TopAnswer(body) ?? this.#refuse(status, body)).top_scores
  }

  /** Raises scores, as a service or each user by itself. @throws CannotRun when one is refused */
  async raise (increments: readonly Increment[], callers: readonly Caller[]): Promise<void> {
    const service = callers.find(({ user }) => user === undefined)
    const items = increments.map(({ user, increment, actionId }) => ({ user_id: user, increment, action_id: actionId }))
    if (service === undefined) {
      for (const item of items) {
        const { token } = callers.find(({ user }) => user === item.user_id)!
        const { status, body } = await this.#call('/increments', { token, body: item })
        if (status !== 200) this.#refuse(status, body)
      }
      return
    }
    for (let n = 0; n < items.length; n += BATCH) {
      const batch = { increments: items.slice(n, n + BATCH) }
      const { status, body } = await this.#call('/increments/batch', { token: service.token, body: batch })
      if (status !== 200) this.#refuse(status, body)
      const refused = (body as { results: { status: number }[] }).results.find((result) => result.status !== 200)
      if (refused !== undefined) this.#refuse(refused.status, refused)
    }
  }

  /** The version that the service says it has, where it says one. */
  async version (): Promise<string> {
    try {
      const answer = await fetch(new URL('/openapi.json', this.#target), { signal: AbortSignal.timeout(TIMEOUT_MS) })
      return String((await answer.json() as { info?: { version?: string } }).info?.version ?? 'unknown')
    } catch {
      return 'unknown'
    }
  }

  async #call (path: string, { body, token = this.#token }: Call = {}): Promise<{ status: number, body: unknown }> {
    let answer
    try {
      answer = await fetch(new URL(`/v1/boards/${this.#board}${path}`, this.#target), {
        method: body === undefined ? 'GET' : 'POST',
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' })
        },
        ...(body !== undefined && { body: JSON.stringify(body) })
      })
      const text = await answer.text()
      return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : undefined }
    } catch (error) {
      if (answer !== undefined) return { status: answer.status, body: undefined }
      throw new CannotRun(
        `there is no answer from ${this.#target} (${reasonOf(error)}): ` +
          'is the service running, and is that its address?'
      )
    }
  }

  #refuse (status: number, body: unknown): never {
    throw new CannotRun(adviceFor(`${status} ${codeOf(body) ?? ''}`.trimEnd(), detailOf(body)))
  }
}

function textOf (body: unknown, field: string): string | undefined {
  if (typeof body !== 'object' || body === null || !(field in body)) return undefined
  return String(body[field as keyof typeof body])
}

const codeOf = (body: unknown) => textOf(body, 'code')
const detailOf = (body: unknown) => textOf(body, 'detail') ?? ''

function reasonOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer in ${TIMEOUT_MS / 1000} s`
  const cause = error.cause as NodeJS.ErrnoException | undefined
  return cause?.code ?? cause?.message ?? error.message
}

/** What to do about a refusal, such as `429 rate_limited`. */
export function adviceFor (kind: string, detail: string): string {
  const said = `the service answers ${kind}${detail === '' ? '' : ` (${detail})`}`
  if (kind.startsWith('401')) {
    return `${said}: set JWT_SECRET (and JWT_ISSUER, JWT_AUDIENCE) as the service has them, ` +
      'or give valid tokens with --token-file'
  }
  if (kind.includes('forbidden_scope')) return `${said}: this needs a token with the scope scores:write`
  if (kind.startsWith('429') && detail.includes('address')) {
    return `${said}: set RATE_LIMIT_MAX=0 and MAX_SOCKETS_PER_IP=0 on the nodes while they are tested, ` +
      'or write as a service (--as service), which is not counted'
  }
  if (kind.startsWith('429')) {
    return `${said}: it is a limit of the board or of one address: ` +
      'more --users, a higher quota for the board, or MAX_SOCKETS_PER_IP=0 on the nodes'
  }
  if (kind === '503') {
    return `${said}: a node takes MAX_HANDSHAKES_PER_SECOND new screens a second ` +
      '(a tenth of it from one address) and MAX_SOCKETS at all'
  }
  return said
}
