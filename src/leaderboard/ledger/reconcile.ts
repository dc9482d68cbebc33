// Compares the store with the ledger while both go on, and repairs what differs.
import { isDeepStrictEqual } from 'node:util'
import type { BoardHistory } from '../boards/board-history.ts'
import type { UserState } from './fold.ts'
import type { Position, ScoreEvent } from './ledger.ts'
import { foldUser, type UserEvents } from './rebuild.ts'
import { sortedSegments } from '../boards/segment.ts'
import type { WindowName } from '../boards/window.ts'

/** What the store holds of one user. Scores are given by window and segment; '' stands for the whole window. */
export interface StoredUser {
  readonly userId: string
  readonly visible: ReadonlyMap<WindowName, ReadonlyMap<string, number>>
  readonly hidden: ReadonlyMap<WindowName, ReadonlyMap<string, number>>
  readonly current: readonly string[]
  readonly former: readonly string[]
  readonly username: string | undefined
  /** The ban's JSON. */
  readonly ban: string | undefined
}

/** One difference between the store and the ledger. */
export interface Drift {
  readonly userId: string
  readonly what: 'score' | 'hidden' | 'ban' | 'segments' | 'name'
  readonly window: WindowName | undefined
  readonly segment: string | undefined
  readonly store: string | number | undefined
  readonly ledger: string | number | undefined
}

/** Users to check, each with the unexpected segments in which it was found. */
type Suspects = ReadonlyMap<string, readonly string[]>

export interface ReconcileStore {
  /** The most users that one atomic read covers. */
  atOnce(windows: readonly WindowName[]): number
  /**
   * Everything that the store holds of these users, and the last entry of the stream at that moment. For more than
   * `atOnce` users it is the entry at the last of several reads.
   */
  read(
    windows: readonly WindowName[],
    users: Suspects
  ): Promise<{ readonly at: Position, readonly users: readonly StoredUser[] }>
  /** Users in the store that `isKnown` does not expect there. `counts` are the expected numbers by place. */
  unexpectedUsers(
    windows: readonly WindowName[],
    counts: ReadonlyMap<string, number>,
    isKnown: IsKnown
  ): Promise<Map<string, string[]>>
  /** The events of users after a position in the stream, and the last position. */
  since(
    userIds: ReadonlySet<string>,
    at: Position
  ): Promise<{ readonly events: readonly ScoreEvent[], readonly at: Position }>
  /** Sets a user to what the ledger says. `moved`: something happened since the ledger was read. */
  repair(windows: readonly WindowName[], wanted: Wanted): Promise<'repaired' | 'moved' | 'outdated'>
}

/** Which of these users the ledger expects in a window and a segment. */
type IsKnown = (
  userIds: readonly string[],
  window: WindowName | undefined,
  segment: string | undefined
) => Promise<readonly string[]>

/** The state that a user must have, as of an entry of the ledger. */
interface Wanted {
  readonly state: UserState
  readonly username: string | undefined
  readonly at: Position
  readonly strays: readonly string[]
}

interface ReconcileLedger {
  replay(take: (users: readonly UserEvents[]) => Promise<void>): Promise<void>
  /** The events of some users up to a position, which is archived first. */
  usersUpTo(userIds: readonly string[], at: Position): Promise<readonly UserEvents[]>
  namesOf(userIds: readonly string[]): Promise<ReadonlyMap<string, string>>
}

interface ReconcileOptions {
  readonly history: BoardHistory
  /** The windows that are compared. */
  readonly windows: readonly WindowName[]
  readonly store: ReconcileStore
  readonly ledger: ReconcileLedger
  readonly apply: boolean
  /** Called for each drift, with whether it was repaired. */
  readonly onDrift: (drift: Drift, isRepaired: boolean) => void
  readonly onProgress?: (users: number) => void
}

/** The most candidates that wait while more are searched for. */
const SOME = 1000
/**
 * How often a candidate whose name alone differs is checked. A user who writes between two reads may have a new name,
 * and the ledger gets it with the write.
 */
const LOOKS = 3
const REPAIRS = 20

/** The key by which users are counted: visible or hidden, window, segment. */
export const placeOf = (kind: 'visible' | 'hidden', window: string, segment = '') => `${kind} ${window} ${segment}`

/**
 * Compares the store with the ledger while both go on. Each difference is checked again against the ledger at the exact
 * stream position of the read, so concurrent writes cause no false reports. Returns the number of users that were
 * compared, of drifts, and of drifts that are left.
 */
export async function reconcile (options: ReconcileOptions): Promise<{ users: number, drifts: number, left: number }> {
  const { history, windows, store, ledger, onProgress = () => {} } = options
  const report = { users: 0, drifts: 0, left: 0 }
  const counts = new Map<string, number>()
  const candidates = new Map<string, readonly string[]>()
  const drain = async (least: number) => {
    while (candidates.size >= Math.max(1, least)) {
      const some = new Map([...candidates].slice(0, store.atOnce(windows)))
      for (const userId of some.keys()) candidates.delete(userId)
      await check(options, some, report)
    }
  }
  await ledger.replay(async (users) => {
    const states = users.map((user) => foldUser(history, user))
    const { users: stored } = await store.read(
      windows,
      new Map(states.map((state) => [state.userId, segmentsOf(state)]))
    )
    const names = await ledger.namesOf(users.map(({ userId }) => userId))
    for (const [n, user] of users.entries()) {
      const state = states[n]!
      count(counts, state)
      if (driftsOf(state, names.get(user.userId), stored[n]!, windows).length > 0) {
        candidates.set(user.userId, segmentsOf(state))
      }
    }
    report.users += users.length
    onProgress(report.users)
    await drain(SOME)
  })
  const unexpectedUsers = await store.unexpectedUsers(windows, counts, async (userIds, window, segment) => {
    const { at } = await store.read([], new Map())
    const known = await ledger.usersUpTo(userIds, at)
    return known.filter((user) => hasPlace(foldUser(history, user), window, segment)).map(({ userId }) => userId)
  })
  for (const [userId, segments] of unexpectedUsers) {
    candidates.set(userId, [...new Set([...candidates.get(userId) ?? [], ...segments])])
  }
  await drain(0)
  return report
}

/** Checks candidates again, and reports or repairs what still differs. */
async function check (
  { history, windows, store, ledger, apply, onDrift }: ReconcileOptions,
  candidates: Suspects,
  report: { drifts: number, left: number }
): Promise<void> {
  let waiting = candidates
  for (let look = 1; waiting.size > 0; look++) {
    const { at, users: stored } = await store.read(windows, waiting)
    const events = new Map((await ledger.usersUpTo([...waiting.keys()], at)).map((user) => [user.userId, user]))
    const names = await ledger.namesOf([...waiting.keys()])
    let moved: Promise<ReadonlySet<string>> | undefined
    const hasMoved = async (userId: string) =>
      (await (moved ??= usersSince(store, new Set(events.keys()), at))).has(userId)
    const again = new Map<string, readonly string[]>()
    for (const user of stored) {
      const state = foldUser(history, events.get(user.userId)!)
      const looked = waiting.get(user.userId)!
      const segments = [...new Set([...looked, ...segmentsOf(state)])]
      if (segments.length > looked.length) {
        again.set(user.userId, segments) // it is in segments that were not read yet
        continue
      }
      const username = names.get(user.userId)
      const found = driftsOf(state, username, user, windows)
      const isRenamed = found.some(isOfName) && await hasMoved(user.userId)
      const drifts = isRenamed ? found.filter((drift) => !isOfName(drift)) : found
      if (drifts.length === 0 && found.length > 0 && look < LOOKS) again.set(user.userId, looked)
      else if (drifts.length > 0) {
        const wanted = { username, at, strays: looked }
        const outcome = apply ? await repair({ history, windows, store }, events.get(user.userId)!, wanted) : 'left'
        report.drifts += drifts.length
        if (outcome !== 'repaired') report.left += drifts.length
        for (const drift of drifts) onDrift(drift, outcome === 'repaired')
      }
    }
    waiting = again
  }
}

async function usersSince (
  store: ReconcileStore,
  userIds: ReadonlySet<string>,
  at: Position
): Promise<ReadonlySet<string>> {
  return new Set((await store.since(userIds, at)).events.map(({ userId }) => userId))
}

const isOfName = ({ what }: Drift) => what === 'name'

/**
 * Repairs a user between two writes. Events since the read come from the stream. The name is that of the store, because
 * the ledger gets it with the write.
 */
async function repair (
  { history, windows, store }: Pick<ReconcileOptions, 'history' | 'windows' | 'store'>,
  { userId, events }: UserEvents,
  wanted: Omit<Wanted, 'state'>
): Promise<'repaired' | 'moved' | 'outdated'> {
  for (let tries = 1, all = events, { at, username } = wanted; ; tries++) {
    const outcome = await store.repair(windows, {
      ...wanted,
      state: foldUser(history, { userId, events: all }),
      at,
      username
    })
    if (outcome !== 'moved' || tries === REPAIRS) return outcome
    const more = await store.since(new Set([userId]), at)
    all = [...all, ...more.events]
    at = more.at
    username = (await store.read([], new Map([[userId, []]]))).users[0]!.username
  }
}

function count (counts: Map<string, number>, { visible, hidden }: UserState): void {
  const add = (place: string) => counts.set(place, (counts.get(place) ?? 0) + 1)
  for (const [window, { segments }] of visible) {
    add(placeOf('visible', window))
    for (const segment of segments.keys()) add(placeOf('visible', window, segment))
  }
  for (const [window, { segments }] of hidden) {
    add(placeOf('hidden', window))
    for (const segment of segments) add(placeOf('hidden', window, segment))
  }
}

function hasPlace (
  { visible, hidden, ban }: UserState,
  window: WindowName | undefined,
  segment: string | undefined
): boolean {
  if (window === undefined) return ban !== undefined
  const [placed, concealed] = [visible.get(window), hidden.get(window)]
  if (segment === undefined) return placed !== undefined || concealed !== undefined
  return placed?.segments.has(segment) === true || concealed?.segments.has(segment) === true
}

/** Everything that differs, window by window. */
function driftsOf (
  state: UserState,
  username: string | undefined,
  stored: StoredUser,
  windows: readonly WindowName[]
): Drift[] {
  const { userId } = state
  const drifts: Drift[] = []
  const compare = (
    what: Drift['what'],
    here: Drift['store'],
    there: Drift['ledger'],
    window?: WindowName,
    segment?: string
  ) => {
    if (here !== there) drifts.push({ userId, what, window, segment, store: here, ledger: there })
  }
  for (const window of windows) {
    const visible = state.visible.get(window)
    const places = new Map<string, number>()
    if (visible !== undefined) places.set('', visible.score)
    for (const [segment, { score }] of visible?.segments ?? []) places.set(segment, score)
    const hidden = state.hidden.get(window)
    // The segment of a hidden score holds its users without their scores.
    const hiddenScores = new Map<string, number>()
    if (hidden !== undefined) hiddenScores.set('', hidden.score)
    for (const segment of hidden?.segments ?? []) hiddenScores.set(segment, 0)
    const pairs = [
      ['score', places, stored.visible.get(window)],
      ['hidden', hiddenScores, stored.hidden.get(window)]
    ] as const
    for (const [what, wanted, found] of pairs) {
      for (const segment of new Set([...wanted.keys(), ...found?.keys() ?? []])) {
        compare(what, found?.get(segment), wanted.get(segment), window, segment || undefined)
      }
    }
  }
  compare('segments', textOf(stored.current), textOf(state.current))
  compare('name', nameOf(userId, stored.username), nameOf(userId, username))
  const ban = stored.ban === undefined ? undefined : JSON.parse(stored.ban) as unknown
  if (!isDeepStrictEqual(ban, state.ban)) compare('ban', stored.ban, state.ban && JSON.stringify(state.ban))
  return drifts
}

/** Every segment that the ledger says a user is or was in. */
function segmentsOf ({ current, former, visible, hidden }: UserState): string[] {
  const inVisible = [...visible.values()].flatMap(({ segments }) => [...segments.keys()])
  const inHidden = [...hidden.values()].flatMap(({ segments }) => [...segments])
  return [...new Set([...current, ...former, ...inVisible, ...inHidden])]
}

/** A user whose name is the user id has no stored name. */
const nameOf = (userId: string, username: string | undefined) => username === userId ? undefined : username
const textOf = (segments: readonly string[]) => segments.length === 0 ? undefined : sortedSegments(segments).join(', ')
