// What a scenario needs to find on a board before it begins.
import type { Caller } from './processes/plan.ts'
import type { Scenario } from './scenario.ts'
import type { Rules, Service } from './service.ts'
import { CannotRun } from './settings.ts'
import type { Callers } from './traffic/callers.ts'

/** Increments that may bring a user into the top ten. */
const MAX_STEPS = 100
const MAX_ACTION_ID = 128

const EMPTY_BOARD = 'the board has no users, so there is nothing to read: run the scenario increment first'
const NO_TOKEN = 'this scenario writes, and there is nothing to sign tokens with: ' +
  "set JWT_SECRET (or DATA_DIR, for a service in development) to the service's, or give --token-file"
const NO_SERVICE = 'this scenario needs tokens of a service, with the scope scores:write, and these are of users'

export interface Prepared {
  readonly callers: readonly Caller[]
  readonly users: readonly string[]
  /** The score of the first user, where screens are to show it. */
  readonly baseScore: number
}

interface Given {
  readonly rules: Rules
  /** Undefined where there is nothing to sign tokens with. */
  readonly given: Callers | undefined
  readonly users: number
  readonly run: string
}

/** Brings the board into the state that the scenario needs. @throws CannotRun with what is missing */
export async function prepare (
  service: Service,
  { needs }: Scenario,
  { rules, given, users: count, run }: Given
): Promise<Prepared> {
  if (!needs.has('token')) {
    const callers = given?.callers ?? []
    if (!needs.has('readers')) return { callers, users: [], baseScore: 0 }
    const users = await service.usersOnBoard(count)
    if (users.length === 0) throw new CannotRun(EMPTY_BOARD)
    return { callers, users, baseScore: 0 }
  }
  if (given === undefined) throw new CannotRun(NO_TOKEN)
  const { callers, users } = given
  if (needs.has('service') && callers[0]!.user !== undefined) throw new CannotRun(NO_SERVICE)
  await service.checkToken(callers[0]!)
  if (needs.has('readers')) await seed(service, given, run)
  return { callers, users, baseScore: needs.has('leader') ? await bringToTop(service, { given, rules, run }) : 0 }
}

/** Gives a point to each user who is not on the board yet. */
async function seed (service: Service, { callers, users }: Callers, run: string): Promise<void> {
  const scores = await service.scores(users)
  const absent = users.filter((user) => scores.get(user) === 0)
  const actionId = (user: string) => `${run}-seed-${user}`.slice(0, MAX_ACTION_ID)
  await service.raise(absent.map((user) => ({ user, increment: 1, actionId: actionId(user) })), callers)
}

interface Rise {
  readonly given: Callers
  readonly rules: Rules
  readonly run: string
}

/** Raises the first user until every screen shows it; returns its score. */
async function bringToTop (service: Service, { given, rules: { maxIncrement }, run }: Rise): Promise<number> {
  const { callers, users } = given
  const leader = users[0]!
  const readScore = async () => (await service.scores([leader])).get(leader)!
  const top = await service.top()
  if (top.some(({ user_id: user }) => user === leader)) return await readScore()
  let missing = top.length < 10 ? 1 : Math.max(1, top.at(-1)!.score - await readScore() + 1)
  if (missing > MAX_STEPS * maxIncrement) {
    const distance = `${missing.toLocaleString('en')} points, ${maxIncrement.toLocaleString('en')} an increment`
    throw new CannotRun(
      `the top ten of the board is out of reach (${distance}): ` +
        'test on a board of its own, made by PUT /v1/boards/bench, with --board bench'
    )
  }
  for (let step = 0; missing > 0; step++) {
    const increment = Math.min(missing, maxIncrement)
    await service.raise([{ user: leader, increment, actionId: `${run}-rise-${step}` }], callers)
    missing -= increment
  }
  return await readScore()
}
