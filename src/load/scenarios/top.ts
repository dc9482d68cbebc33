import { requestText } from '../traffic/http-connection.ts'
import { httpPart } from '../traffic/http-share.ts'
import { boardPath } from '../traffic/increments.ts'
import type { Plan } from '../processes/plan.ts'
import type { Scenario } from '../scenario.ts'

export const top: Scenario = {
  summary: 'reads of the top ten',
  unit: 'reads',
  canBeClosed: true,
  needs: new Set(),
  async prepare (plan, recorder) {
    const text = topText(plan)
    return httpPart(plan, recorder, { next: () => ({ text }) })
  }
}

export function topText (plan: Plan): string {
  return requestText(new URL(plan.target).host, { method: 'GET', path: `${boardPath(plan)}/top`, token: plan.callers[0]?.token })
}
