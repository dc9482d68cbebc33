// What a test waits for comes sooner, or never.
import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import type { Test } from 'tap'

const BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
]
const ARGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run'
]
/** What a test waits for comes sooner, or never. */
const PATIENCE_MS = 60_000

/** A real browser for one test file, gone when the test ends. */
export async function startBrowser (t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: BROWSERS.find((file) => existsSync(file)) ?? 'chromium',
    args: ARGS,
    timeout: PATIENCE_MS
  })
  t.teardown(async () => await browser.close())
  return browser
}

export interface Window {
  readonly page: Page
  /** What went wrong in its scripts: errors and rejections that nobody caught. */
  readonly errors: string[]
  /**
   * Those, and whatever else the browser complains of, such as refusals of its Content-Security-Policy or lost
   * connections.
   */
  readonly faults: string[]
}

/** A window of a visitor of its own, without what others have stored. */
export async function openWindow (browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Window> {
  const page = await (await browser.newContext({ viewport: { width: 900, height: 900 }, ...options })).newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  const faults: string[] = []
  const errors: string[] = []
  page.on('pageerror', (error) => {
    errors.push(error.message)
    faults.push(error.message)
  })
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  await page.goto(url)
  return { page, errors, faults }
}
