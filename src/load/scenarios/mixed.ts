import { httpPart } from '../traffic/http-share.ts'
import { incrementSource } from '../traffic/increments.ts'
import type { Scenario } from '../scenario.ts'
import { topText } from './top.ts'
import { userText } from './user.ts'

/** Of ten requests: what a page with a board asks for. */
const [TOPS, USERS] = [6, 3]

export const mixed: Scenario = {
  summary: `${TOPS} reads of the top ten, ${USERS} of random users and 1 increment of every 10 requests`,
  unit: 'requests',
  canBeClosed: true,
  needs: new Set(['token', 'readers']),
  async prepare (plan, recorder) {
    const increments = incrementSource(plan)
    const askTop = topText(plan)
    const askUser = userText(plan)
    return httpPart(plan, recorder, {
      next () {
        const choice = Math.random() * 10
        if (choice < TOPS) return { text: askTop }
        return choice < TOPS + USERS ? { text: askUser() } : increments.next()
      },
      settle: increments.settle
    })
  }
}
