// Requests that raise scores by one, each by an action of its own.
import { Actions, type Judge } from './actions.ts'
import { requestText, type Answer } from './http-connection.ts'
import type { Asked, Source } from './http-share.ts'
import type { Caller, Plan } from '../processes/plan.ts'

export const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!

const judgeOne: Judge = ({ status, body }) => {
  const counted = status === 200 ? 1 : 0
  return { counted, replayed: counted === 1 && body.includes('"applied":false') ? 1 : 0, unknown: 0 }
}

export function boardPath ({ board }: Pick<Plan, 'board'>): string {
  return `/v1/boards/${board}`
}

/** Increments of random users; `settle` is about all that it has made. */
export function incrementSource (plan: Plan): Required<Source> {
  const actions = new Actions(`${plan.run}-${plan.part}`)
  const { host } = new URL(plan.target)
  const path = `${boardPath(plan)}/increments`
  return {
    next (): Asked {
      const caller = pick(plan.callers)
      const body = JSON.stringify({ ...(caller.user === undefined && { user_id: pick(plan.users) }), action_id: actions.newId() })
      const sent = { text: requestText(host, { method: 'POST', path, token: caller.token, body }), points: 1, judge: judgeOne }
      return { text: sent.text, onAnswer: (answer) => actions.acknowledge(sent, answer), onUncertain: () => actions.doubt(sent) }
    },
    settle: async (send) => await actions.settle(send)
  }
}

/** The same in batches, each by a service; `onRefused` hears of items that were refused. */
export function batchSource (plan: Plan, onRefused: (kind: string, example: string) => void): Required<Source> {
  const actions = new Actions(`${plan.run}-${plan.part}`)
  const { host } = new URL(plan.target)
  const path = `${boardPath(plan)}/increments/batch`
  const services = plan.callers.filter(({ user }: Caller) => user === undefined)
  return {
    next (): Asked {
      const increments = Array.from({ length: plan.batch }, () => ({ user_id: pick(plan.users), action_id: actions.newId() }))
      const text = requestText(host, { method: 'POST', path, token: pick(services).token, body: JSON.stringify({ increments }) })
      const sent = { text, points: plan.batch, judge: judgeBatch }
      return {
        text,
        onAnswer (answer) {
          for (const { status, code = '', detail = '' } of resultsOf(answer)) if (status !== 200) onRefused(`${status} ${code}`, detail)
          return actions.acknowledge(sent, answer)
        },
        onUncertain: () => actions.doubt(sent)
      }
    },
    settle: async (send) => await actions.settle(send)
  }
}

interface ItemResult { readonly status: number, readonly applied?: boolean, readonly code?: string, readonly detail?: string }

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
