// Scores for a visitor of the live page, with a token that a service in development gives out.

const MAX_TRIES = 5
/** A token is replaced this long before it expires. */
const EXPIRY_MARGIN_S = 60

interface Token {
  readonly name: string
  readonly text: string
  readonly userId: string
  readonly expiresAt: number
}

/** What the service answers to an increment. */
export interface Raised {
  readonly new_score: number
  readonly rank?: number
}

let token: Token | undefined

async function tokenFor (name: string): Promise<Token> {
  if (token?.name === name && Date.now() < token.expiresAt) return token
  const response = await post('/dev/token', { name })
  const body = await response.json()
  if (!response.ok) throw new Error(body.detail)
  const expiresAt = Date.now() + (body.expires_in - EXPIRY_MARGIN_S) * 1000
  token = { name, text: body.token, userId: body.user_id, expiresAt }
  return token
}

/**
 * Raises the score of a name by one point, once, however often the request has to be sent: the action keeps its id.
 *
 * @param onUser called with the user id of the name before the score is raised
 * @throws Error with a sentence for the visitor
 */
export async function raiseScore (name: string, board: string, onUser: (userId: string) => void): Promise<Raised> {
  let { text, userId } = await tokenFor(name)
  onUser(userId)
  const path = `/v1/boards/${board}/increments?include=rank`
  const action = { action_id: randomId() }
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const response = await post(path, action, text).catch(() => undefined)
    if (response?.ok) return await response.json()
    if (response?.status === 401 && tries === 1) {
      token = undefined // the secret of the service has changed
      ;({ text } = await tokenFor(name))
    } else if (response !== undefined && response.status !== 503) {
      throw new Error((await response.json()).detail)
    } else if (tries < MAX_TRIES) {
      await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** tries * Math.random()))
    }
  }
  throw new Error('The service does not answer; your point may count later.')
}

async function post (path: string, body: object, bearer?: string): Promise<Response> {
  const authorization = bearer !== undefined && { authorization: `Bearer ${bearer}` }
  const headers = { 'content-type': 'application/json', ...authorization }
  return await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** 128 random bits. `crypto.randomUUID` exists on secure origins only. */
function randomId (): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
