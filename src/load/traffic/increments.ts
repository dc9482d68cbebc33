// Requests that raise scores by one, each by an action of its own.
import type { Caller, Plan } from '../processes/plan.ts'
import { Actions, type ActionRequest, type Judge } from './actions.ts'
import { requestText, type Answer } from './http-connection.ts'
import type { Source } from './http-share.ts'

/** A random item of a list that is not empty. */
export const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!

const judgeOne: Judge = ({ status, body }) => {
  const counted = status === 200 ? 1 : 0
  return { counted, replayed: counted === 1 && body.includes('"applied":false') ? 1 : 0, unknown: 0 }
}

/** The path of the plan's board. */
export function boardPath ({ board }: Pick<Plan, 'board'>): string {
  return `/v1/boards/${board}`
}

/** Increments of random users, one a request; `finish` finds out of all of them whether they counted. */
export function incrementSource (plan: Plan): Required<Source<ActionRequest>> {
  const actions = new Actions(`${plan.run}-${plan.share}`, plan.isChecked)
  const { host } = new URL(plan.target)
  const path = plan.path ?? `${boardPath(plan)}/increments`
  return {
    ...checkedBy(actions),
    next () {
      const { token, user } = pick(plan.callers)
      const owner = user === undefined && { user_id: pick(plan.users) }
      const item = { ...owner, action_id: actions.newId(), increment: 1 }
      const text = requestText(host, { method: 'POST', path, token, body: JSON.stringify(item) })
      return { text, points: 1, judge: judgeOne }
    }
  }
}

/** The same in batches, each by a service; `onRefused` is called for each item that is refused. */
export function batchSource (
  plan: Plan,
  onRefused: (kind: string, example: string) => void
): Required<Source<ActionRequest>> {
  const actions = new Actions(`${plan.run}-${plan.share}`, plan.isChecked)
  const { host } = new URL(plan.target)
  const path = plan.path ?? `${boardPath(plan)}/increments/batch`
  const services = plan.callers.filter(({ user }: Caller) => user === undefined)
  const { accept, ...rest } = checkedBy(actions)
  return {
    ...rest,
    next () {
      const item = () => ({ user_id: pick(plan.users), action_id: actions.newId(), increment: 1 })
      const body = JSON.stringify({ increments: Array.from({ length: plan.batch }, item) })
      const text = requestText(host, { method: 'POST', path, token: pick(services).token, body })
      return { text, points: plan.batch, judge: judgeBatch }
    },
    accept (request, answer) {
      for (const { status, code = '', detail = '' } of resultsOf(answer)) {
        if (status !== 200) onRefused(`${status} ${code}`, detail)
      }
      return accept(request, answer)
    }
  }
}

function checkedBy (actions: Actions): Omit<Required<Source<ActionRequest>>, 'next'> {
  return {
    accept: (request, answer) => actions.acknowledge(request, answer),
    doubt: (request) => actions.doubt(request),
    finish: async (send) => await actions.check(send)
  }
}

interface ItemResult {
  readonly status: number
  readonly applied?: boolean
  readonly code?: string
  readonly detail?: string
}

function resultsOf ({ body }: Answer): ItemResult[] {
  return (JSON.parse(Buffer.from(body, 'latin1').toString()) as { results: ItemResult[] }).results
}

const judgeBatch: Judge = (answer) => {
  if (answer.status !== 200) return { counted: 0, replayed: 0, unknown: 0 }
  const results = resultsOf(answer)
  const counted = results.filter(({ status }) => status === 200)
  const unknown = results.filter(({ status, code }) => status >= 500 && code !== 'unavailable').length
  return { counted: counted.length, replayed: counted.filter(({ applied }) => applied === false).length, unknown }
}
