// What a scenario needs to find on a board before it begins.
import { CannotRun } from './settings.ts'
import type { Callers } from './traffic/callers.ts'
import type { Caller } from './processes/plan.ts'
import type { Scenario } from './scenario.ts'
import type { Rules, Service } from './service.ts'

/** To bring a user into the top ten. */
const MOST_STEPS = 100

export interface Prepared {
  readonly callers: readonly Caller[]
  readonly users: readonly string[]
  /** The score of the first user, where screens are to show it. */
  readonly baseScore: number
}

/** @throws CannotRun with what is missing */
export async function prepare (service: Service, { needs }: Scenario, { rules, given, users: count, run }: { rules: Rules, given: Callers | undefined, users: number, run: string }): Promise<Prepared> {
  if (!needs.has('token')) {
    const callers = given?.callers ?? []
    if (!needs.has('readers')) return { callers, users: [], baseScore: 0 }
    const users = await service.usersOnBoard(count)
    if (users.length === 0) throw new CannotRun('the board is empty, and so there is nobody to read: run the scenario increment first')
    return { callers, users, baseScore: 0 }
  }
  if (given === undefined) {
    throw new CannotRun('this scenario writes, and there is nothing to sign tokens with: set JWT_SECRET (or DATA_DIR, for a service in development) to the service\'s, or give --token-file')
  }
  const { callers, users } = given
  if (needs.has('service') && callers[0]!.user !== undefined) throw new CannotRun('this scenario needs tokens of a service, with the scope scores:write, and these are of users')
  await service.checkToken(callers[0]!)
  if (needs.has('readers')) await seed(service, given, run)
  return { callers, users, baseScore: needs.has('leader') ? await bringToTop(service, { given, rules, run }) : 0 }
}

/** Gives a point to those who are not on the board yet. */
async function seed (service: Service, { callers, users }: Callers, run: string): Promise<void> {
  const scores = await service.scores(users)
  const absent = users.filter((user) => scores.get(user) === 0)
  await service.raise(absent.map((user) => ({ user, increment: 1, actionId: `${run}-seed-${user}`.slice(0, 128) })), callers)
}

/** Makes the first user one whom every screen shows, and returns its score. */
async function bringToTop (service: Service, { given: { callers, users }, rules: { maxIncrement }, run }: { given: Callers, rules: Rules, run: string }): Promise<number> {
  const leader = users[0]!
  const present = async () => (await service.scores([leader])).get(leader)!
  const top = await service.top()
  if (top.some(({ user_id: user }) => user === leader)) return await present()
  let missing = top.length < 10 ? 1 : Math.max(1, top.at(-1)!.score - await present() + 1)
  if (missing > MOST_STEPS * maxIncrement) {
    throw new CannotRun(`the top ten of the board is out of reach (${missing.toLocaleString('en')} points, ${maxIncrement.toLocaleString('en')} an increment): test on a board of its own, made by PUT /v1/boards/bench, with --board bench`)
  }
  for (let step = 0; missing > 0; step++) {
    const increment = Math.min(missing, maxIncrement)
    await service.raise([{ user: leader, increment, actionId: `${run}-rise-${step}` }], callers)
    missing -= increment
  }
  return await present()
}
