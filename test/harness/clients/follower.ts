// What a test waits for comes sooner, or never.
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'

/** What a test waits for comes sooner, or never. */
const PATIENCE_MS = 60_000

/** What a client told in a page, in order. */
export interface Told {
  readonly type: 'board' | 'state' | 'you' | 'overtaken' | 'scores'
  readonly epoch?: string
  readonly version?: number
  readonly state?: string
  readonly code?: number
  readonly [more: string]: any
}

/** Starts a client in a page; `options` is the source of its options. */
export async function follow (page: Page, options = '{}'): Promise<void> {
  await page.evaluate(`import('/client.js').then(({ ScoreboardClient }) => {
    window.told = []
    window.client = new ScoreboardClient(${options})
    for (const type of ['board', 'state', 'you', 'overtaken', 'scores']) {
      client.addEventListener(type, ({ detail }) => told.push({ type, ...detail }))
    }
  })`)
}

export const told = async (page: Page, type?: Told['type']): Promise<Told[]> =>
  (await page.evaluate('told') as Told[]).filter((one) => type === undefined || one.type === type)

/** The states that were told, in order. */
export const states = async (page: Page) => (await told(page, 'state')).map(({ state }) => state)

/** The boards that were told, as `epoch-version`. */
export const boards = async (page: Page) =>
  (await told(page, 'board')).map(({ epoch, version }) => `${epoch}-${version}`)

/** Lets the time of a page stand still: it goes on when the test says so, and by so much. */
export async function stopClock (page: Page): Promise<void> {
  await page.clock.install({ time: 0 })
  await page.clock.pauseAt(86_400_000) // later than it can be by now
}

/**
 * Waits until an expression is true in the page, also in one that forbids `eval`, as Playwright's own way of waiting
 * would need.
 */
export async function until (page: Page, expression: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; ;) {
    if (await page.evaluate(`Boolean(${expression})`)) return
    if (Date.now() > end) throw new Error(`it never came to this: ${expression}`)
    await delay(20)
  }
}
