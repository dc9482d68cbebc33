// What is asked of a server, over and over: made anew for each request, since an action counts once.

export interface Asking {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Increments in a request: one as its body, more as the body of the batch route; 0 for a request without a body. */
  readonly items: number
  /** The `Authorization` of each user by number, for requests with one increment; else of the one who asks for all. */
  readonly authorizations: readonly string[]
  readonly users: number
}

export interface Asked {
  readonly text: string
  readonly points: number
}

/** Most points of an increment: the board's default allows 1000. */
const MOST_POINTS = 10

/** Makes requests whose actions nobody else makes, of random users. Bodies are ASCII. */
export function asker ({ method, path, items, authorizations, users }: Asking, host: string, run: string): () => Asked {
  const head = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n`
  let actions = 0
  const anybody = () => Math.floor(Math.random() * users)
  const post = (body: string, authorization: string | undefined, points: number): Asked => ({
    text:
      `${head}Content-Type: application/json\r\nAuthorization: ${authorization}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    points
  })
  if (items === 0) return () => ({ text: `${head}\r\n`, points: 0 })
  if (items === 1) {
    return () => {
      const points = 1 + actions % MOST_POINTS
      return post(`{"action_id":"${run}-${actions++}","increment":${points}}`, authorizations[anybody()], points)
    }
  }
  return () => {
    let total = 0
    let body = '{"increments":['
    for (let n = 0; n < items; n++) {
      const points = 1 + actions % MOST_POINTS
      total += points
      body += `${
        n === 0 ? '' : ','
      }{"user_id":"user-${anybody()}","action_id":"${run}-${actions++}","increment":${points}}`
    }
    return post(`${body}]}`, authorizations[0], total)
  }
}
