// Reads and increments in the proportion of a page with a board.
import type { Scenario } from '../scenario.ts'
import type { ActionRequest } from '../traffic/actions.ts'
import { httpShare, type HttpRequest } from '../traffic/http-share.ts'
import { incrementSource } from '../traffic/increments.ts'
import { topText } from './top.ts'
import { userText } from './user.ts'

/** Of ten requests. */
const [TOPS, USERS] = [6, 3]

const isIncrement = (request: HttpRequest): request is ActionRequest => 'judge' in request

export const mixed: Scenario = {
  summary: `${TOPS} reads of the top ten, ${USERS} of random users and 1 increment of every 10 requests`,
  unit: 'requests',
  canBeClosed: true,
  needs: new Set(['token', 'readers']),
  async prepare (plan, recorder) {
    const increments = incrementSource(plan)
    const top: HttpRequest = { text: topText(plan) }
    const nextUser = userText(plan)
    return httpShare<HttpRequest>(plan, recorder, {
      next () {
        const choice = Math.random() * 10
        if (choice < TOPS) return top
        return choice < TOPS + USERS ? { text: nextUser() } : increments.next()
      },
      accept: (request, answer) => isIncrement(request) ? increments.accept(request, answer) : 1,
      doubt (request) {
        if (isIncrement(request)) increments.doubt(request)
      },
      finish: increments.finish
    })
  }
}
