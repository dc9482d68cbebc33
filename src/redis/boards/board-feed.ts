// The boards as this node knows them, kept up to date by hints and by a poll.
import type { Log } from '../../leaderboard/log.ts'
import type { BoardRegistry, StoredBoard } from '../../leaderboard/boards/apply-board.ts'
import { Boards, type Board } from '../../leaderboard/boards/board.ts'
import { changesBetween } from '../../leaderboard/boards/board-change.ts'
import { unavailable } from '../../leaderboard/problem.ts'

/** When to come back to a board that is made anew from the ledger: most take seconds. */
const CLOSED_S = 2
/** A lost hint costs so long. */
const POLL_MS = 1000

interface BoardFeedOptions {
  readonly registry: BoardRegistry
  /** Calls back whenever some board may have changed, and returns the stop. */
  readonly follow: (onHint: () => void) => () => void
  /** The boards that are made where they do not exist. */
  readonly wanted: readonly Board[]
  /** Boards that there were before Redis lost them: they are made as they were, whatever is wanted. */
  readonly known?: () => Promise<readonly Board[]>
  /** The file that names them; without one they are only for a service that has no boards at all. */
  readonly file: string | undefined
  /** Ms since 1970. */
  readonly now: () => number
  readonly log: Log
}

export interface BoardFeed {
  /** Always as they are in Redis, as far as this node knows. */
  readonly boards: Boards
  /** The board as it is now. @throws Problem `unknown_board`, `unavailable` */
  renew(name: string): Promise<Board>
  /** Looks what has changed. @throws Problem `unavailable` */
  refresh(): Promise<void>
  close(): void
}

/**
 * The boards of this node, taken over from Redis while it runs: at each hint and once a second. While Redis is away
 * they stay as they are, and a Redis that has lost them gets them back.
 * @throws Problem `unavailable`, or Error where the boards in Redis are none that this version understands
 */
export async function openBoardFeed (
  { registry, follow, wanted, known: readKnown, file, now, log }: BoardFeedOptions
): Promise<BoardFeed> {
  await seed({ registry, wanted, known: readKnown, file, now, log })
  const known = new Map<string, StoredBoard>()
  const renewing = new Map<string, Promise<void>>()
  /** Boards whose rules this version does not understand, to say so once. */
  const unsupported = new Set<string>()
  let boards: Boards | undefined
  let refreshing: Promise<void> | undefined
  let [again, closed] = [false, false]

  function show (): void {
    const present = [...known.values()].sort((a, b) => a.created - b.created).map(({ board }) => board)
    // A service has a board: whoever took the last one away in Redis did not mean to end it.
    if (present.length > 0) boards === undefined ? boards = new Boards(present) : boards.replace(present)
  }

  /** Whether Redis knows nothing of a board that this node knows. */
  async function look (name: string): Promise<boolean> {
    const stored = await registry.read(name)
    if (stored.state === 'there') known.set(name, stored)
    else if (stored.state === 'deleted') known.delete(name)
    if (stored.state !== 'unsupported') unsupported.delete(name)
    else if (!unsupported.has(name)) {
      unsupported.add(name)
      log.error(
        { board: name, why: stored.why },
        'the rules of a board are none that this version understands, going on with those known'
      )
    }
    return stored.state === 'unknown' && known.has(name)
  }

  async function putBack (name: string): Promise<void> {
    const outcome = await registry.apply(known.get(name)!.board, {
      ifRevision: undefined,
      isCorrupting: false,
      anew: false
    })
    log.warn({ board: name, outcome }, 'Redis had lost the rules of a board, put back')
    await look(name)
  }

  async function refresh (): Promise<void> {
    const listed = await registry.list()
    const names = [...new Set([...known.keys(), ...listed.keys()])].filter((name) =>
      known.get(name)?.changed !== listed.get(name)
    )
    if (names.length === 0) return
    const lost = await Promise.all(names.map(async (name) => await look(name) ? name : undefined))
    // One after the other, so that they keep their order.
    for (const name of lost) if (name !== undefined) await putBack(name)
    show()
  }

  /** One at a time; what is asked for meanwhile is looked at afterwards. */
  function hint (): void {
    if (closed) return
    if (refreshing !== undefined) {
      again = true
      return
    }
    again = false
    refreshing = refresh().catch((error: unknown) => log.debug({ err: error }, 'could not look at the boards')).finally(
      () => {
        refreshing = undefined
        if (again) hint()
      }
    )
  }

  async function renew (name: string): Promise<void> {
    await look(name)
    show()
    if (known.get(name)?.isClosed === true && !await registry.reopen(name)) {
      throw unavailable(`The board ${name} is being made anew from the ledger; nothing was applied.`, {
        retryAfterSeconds: CLOSED_S
      })
    }
  }

  await refresh()
  if (boards === undefined) throw new Error('There is no board in Redis that this version understands.')
  const live: Boards = boards
  const unfollow = follow(hint)
  const timer = setInterval(hint, POLL_MS)
  timer.unref()
  return {
    boards: live,
    refresh,
    async renew (name) {
      const present = renewing.get(name) ?? renew(name).finally(() => renewing.delete(name))
      renewing.set(name, present)
      await present
      return live.get(name)
    },
    close () {
      closed = true
      clearInterval(timer)
      unfollow()
    }
  }
}

type SeedOptions = Omit<BoardFeedOptions, 'follow' | 'known'> & { readonly known: BoardFeedOptions['known'] }

/**
 * Makes the boards that do not exist. Those that do are left as they are, and so are those that somebody has deleted.
 */
async function seed ({ registry, wanted, known, file, now, log }: SeedOptions): Promise<void> {
  const listed = await registry.list()
  if (listed.size > 0 && file === undefined) return
  const different: string[] = []
  const isLacking = wanted.some(({ name }) => !listed.has(name))
  const remembered = new Map((isLacking ? await known?.() : [])?.map((board) => [board.name, board]))
  const others = wanted.filter(({ name }) => !remembered.has(name))
  const isAnew = listed.size === 0 && remembered.size > 0
  if (isAnew) {
    log.warn(
      { boards: [...remembered.keys()], rebuild: 'scorewire rebuild' },
      'Redis has no boards, and the ledger has: they are made with the rules that they had, and without scores until they are rebuilt'
    )
  }
  for (
    const board of isAnew
      ? [...remembered.values(), ...file === undefined ? [] : others]
      : wanted.map((board) => remembered.get(board.name) ?? board)
  ) {
    const stored = await registry.read(board.name)
    if (stored.state === 'there') {
      if (changesBetween(stored.board, board, now()).length > 0) different.push(board.name)
      if (listed.has(board.name)) continue
    }
    const present = stored.state === 'there' ? stored.board : board
    const outcome = await registry.apply(present, {
      ifRevision: stored.state === 'there' ? present.revision : undefined,
      isCorrupting: false,
      anew: listed.size === 0
    })
    if (outcome === 'deleted') {
      log.warn({ board: board.name }, 'a board of the boards file was deleted not long ago, and is not made again')
    }
  }
  if (different.length === 0) return
  log.warn(
    { boards: different, apply: `scorewire boards apply ${file ?? 'FILE'}` },
    'boards have other rules than the boards file says, and keep them until it is applied'
  )
}
