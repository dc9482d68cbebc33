// The windows, keys and arguments that scripts of moderation share, and calls whose keys depend on the time.
import type { Board } from '../../leaderboard/boards/board.ts'
import type { Act } from '../../leaderboard/moderation/moderation.ts'
import { unavailable } from '../../leaderboard/problem.ts'
import { keptWindows, type KeptWindows } from '../../leaderboard/boards/retention.ts'
import type { Window } from '../../leaderboard/boards/window.ts'
import type { RedisClock } from '../clock.ts'
import { boardKeys, type BoardKeys, GATE_MS } from '../keys.ts'
import type { Given, Script } from '../scripts.ts'

type Call = readonly [keys: Given, args: Given]

/** Some hundred windows a board take milliseconds to name, and stay the same for a day. */
const known = new WeakMap<Board, KeptWindows>()

/** The windows that a board keeps at a time, and how long that stays so; remembered for each board. */
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

/** The keys that every script of moderation is given. */
export function actKeys (
  { meta, gate, ledger, currentSegments, formerSegments, banned }: BoardKeys
): Record<string, string> {
  return { meta, gate, ledger, current: currentSegments, former: formerSegments, banned }
}

/** When the keys of a call are right, from and until when by Redis' clock; as arguments. */
export function periodArgs ({ fromMs, untilMs }: { fromMs: number, untilMs: number }): Record<string, number> {
  return { from_ms: Math.max(0, fromMs), until_ms: Math.min(Number.MAX_SAFE_INTEGER, untilMs) }
}

/** The arguments that every script which writes to a board's heads is given. */
export function boardArgs (board: Board): Record<string, string | number> {
  return {
    revision: board.revision,
    head_size: board.head_size,
    gate_ms: GATE_MS,
    channel: boardKeys(board.name).hints
  }
}

/** The arguments that every script of moderation is given. */
export function actArgs (
  board: Board,
  { userId, actionId, actor, ip, requestId, reason }: Act,
  period: { fromMs: number, untilMs: number }
): Record<string, string | number> {
  return {
    ...periodArgs(period),
    ...boardArgs(board),
    user: userId,
    action_id: actionId,
    actor,
    ip,
    request_id: requestId,
    reason
  }
}

/**
 * Calls a script with keys that depend on the time, up to three times: with this node's time, with Redis' time, and
 * once more where a border was passed in between. The reply begins with a word and Redis' time in ms.
 * @throws Problem `unavailable`
 */
export async function callInTime<Reply extends readonly string[]> (
  script: Script<Reply>,
  clock: RedisClock,
  callAt: (atMs: number) => Call
): Promise<Reply> {
  for (let tries = 0; tries < 3; tries++) {
    const call = callAt(clock.now())
    const sentMs = clock.own()
    const reply = await script(...call)
    clock.learn(Number(reply[1]), sentMs)
    if (reply[0] !== 'stale_keys') return reply
  }
  throw unavailable("The score store's clock does not stand still; nothing was applied.")
}
