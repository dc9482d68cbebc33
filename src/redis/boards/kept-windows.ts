import type { Board } from '../../leaderboard/boards/board.ts'
import type { Act } from '../../leaderboard/moderation/moderation.ts'
import { unavailable } from '../../leaderboard/problem.ts'
import { keptWindows, type KeptWindows } from '../../leaderboard/boards/retention.ts'
import type { Window } from '../../leaderboard/boards/window.ts'
import type { RedisClock } from '../clock.ts'
import { boardKeys, type BoardKeys, GATE_MS } from '../keys.ts'

type Call = readonly [keys: string[], args: (string | number)[]]

/** Some hundred windows a board take milliseconds to name, and stay the same for a day. */
const known = new WeakMap<Board, KeptWindows>()

export function keptWindowsAt (board: Board, atMs: number): KeptWindows {
  const last = known.get(board)
  if (last !== undefined && atMs >= last.fromMs && atMs < last.untilMs) return last
  const kept = keptWindows(board, atMs)
  known.set(board, kept)
  return kept
}

/** The keys of each window: scores, head and hidden. */
export function windowKeys (names: BoardKeys, windows: readonly Window[]): string[] {
  return windows.flatMap(({ name }) => [names.scores(name), names.head(name), names.hidden(name)])
}

/** What every script of moderation is given first, in this order. */
export function actArgs (board: Board, { userId, actionId, actor, ip, requestId, reason }: Act, { fromMs, untilMs }: { fromMs: number, untilMs: number }): (string | number)[] {
  return [Math.max(0, fromMs), Math.min(Number.MAX_SAFE_INTEGER, untilMs), board.revision, board.head_size, GATE_MS, boardKeys(board.name).hints,
    userId, actionId, actor, ip, requestId, reason]
}

/**
 * Calls a script with keys that depend on the time: with this node's idea of it, with Redis', and once more for a border passed in between.
 * @throws Problem `unavailable`
 */
export async function callInTime<Reply extends readonly [word: string, nowMs: string, ...rest: string[]]> (
  script: (keys: string[], args: (string | number)[]) => Promise<Reply>, clock: RedisClock, callAt: (atMs: number) => Call
): Promise<Reply> {
  for (let tries = 0; tries < 3; tries++) {
    const call = callAt(clock.now())
    const sentMs = clock.own()
    const reply = await script(...call)
    clock.learn(Number(reply[1]), sentMs)
    if (reply[0] !== 'stale_keys') return reply
  }
  throw unavailable('The score store\'s clock does not stand still; nothing was applied.')
}
