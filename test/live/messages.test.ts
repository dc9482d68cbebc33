// The types of the live messages, compared by the compiler with the schemas of the API that describe the same things.
import { test } from 'tap'
import type { WindowKind } from '../../src/leaderboard/boards/window.ts'
import type { EntryBody } from '../../src/leaderboard/ranking/wire.ts'
import type { LiveEntry, LiveWindow } from '../../src/live/messages.ts'

/** `true` where each of two types can stand for the other, with the same fields. */
type Same<A, B> = [A, B, keyof A, keyof B] extends [B, A, keyof B, keyof A] ? true : false

test('a row and a window of a live message are those of the API', async (t) => {
  const sameEntry: Same<LiveEntry, EntryBody> = true
  const sameWindow: Same<LiveWindow, WindowKind> = true
  t.ok(sameEntry && sameWindow)
})
