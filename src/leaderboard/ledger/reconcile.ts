import { isDeepStrictEqual } from 'node:util'
import type { BoardHistory } from '../boards/board-history.ts'
import type { UserState } from './fold.ts'
import type { Position, ScoreEvent } from './ledger.ts'
import { foldUser, type UserEvents } from './rebuild.ts'
import { sortedSegments } from '../boards/segment.ts'
import type { WindowName } from '../boards/window.ts'

/** What a store holds of one user; scores as they are shown, by the window and in it by the segment, '' for the whole window. */
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

/** Something that the store and the ledger do not agree on. */
export interface Drift {
  readonly userId: string
  readonly what: 'score' | 'hidden' | 'ban' | 'segments' | 'name'
  readonly window: WindowName | undefined
  readonly segment: string | undefined
  readonly store: string | number | undefined
  readonly ledger: string | number | undefined
}

/** A user to look at, and segments in which it was found where nobody would look. */
type Suspects = ReadonlyMap<string, readonly string[]>

export interface ReconcileStore {
  /** Users that are read at one moment. */
  atOnce (windows: readonly WindowName[]): number
  /** All that there is of these users, and the last entry of the stream then: of more than `atOnce` that of the last moment. */
  read (windows: readonly WindowName[], users: Suspects): Promise<{ readonly at: Position, readonly users: readonly StoredUser[] }>
  /** Users that the store has and that `isKnown` does not expect there: `counts` are how many are expected, by place. */
  unexpectedUsers (windows: readonly WindowName[], counts: ReadonlyMap<string, number>, isKnown: (userIds: readonly string[], window: WindowName | undefined, segment: string | undefined) => Promise<readonly string[]>): Promise<Map<string, string[]>>
  /** What has happened to users behind a place in the stream, and the last place. */
  since (userIds: ReadonlySet<string>, at: Position): Promise<{ readonly events: readonly ScoreEvent[], readonly at: Position }>
  /** Sets a user to what the ledger says. `moved` where something happened since the ledger was read. */
  repair (windows: readonly WindowName[], wanted: Wanted): Promise<'repaired' | 'moved' | 'outdated'>
}

/** What a user is to be, as of an entry of the ledger. */
interface Wanted {
  readonly state: UserState
  readonly username: string | undefined
  readonly at: Position
  readonly strays: readonly string[]
}

interface ReconcileLedger {
  replay (take: (users: readonly UserEvents[]) => Promise<void>): Promise<void>
  /** The events of some users up to a place, which is archived before. */
  usersUpTo (userIds: readonly string[], at: Position): Promise<readonly UserEvents[]>
  namesOf (userIds: readonly string[]): Promise<ReadonlyMap<string, string>>
}

interface ReconcileOptions {
  readonly history: BoardHistory
  /** Those that are compared. */
  readonly windows: readonly WindowName[]
  readonly store: ReconcileStore
  readonly ledger: ReconcileLedger
  readonly apply: boolean
  /** Told of each drift, and whether it was repaired. */
  readonly onDrift: (drift: Drift, isRepaired: boolean) => void
  readonly onProgress?: (users: number) => void
}

/** Suspects that wait at most while more are looked for. */
const SOME = 1000
/** Looks at a suspect whose name alone differs: who writes between two reads may have been renamed, and the ledger gets that name with the write. */
const LOOKS = 3
const REPAIRS = 20

/** By place: how many users the ledger has there. */
export const placeOf = (kind: 'visible' | 'hidden', window: string, segment = '') => `${kind} ${window} ${segment}`

/**
 * Compares the store with the ledger while both go on. What differs at first sight is looked at again: what the store holds at one moment,
 * with what the ledger says up to just that moment. So what is told is true, however much is written meanwhile. Returns how many users
 * were compared, and how many drifts there were that are not repaired.
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
      await settle(options, some, report)
    }
  }
  await ledger.replay(async (users) => {
    const states = users.map((user) => foldUser(history, user))
    const { users: stored } = await store.read(windows, new Map(states.map((state) => [state.userId, segmentsOf(state)])))
    const names = await ledger.namesOf(users.map(({ userId }) => userId))
    for (const [n, user] of users.entries()) {
      const state = states[n]!
      count(counts, state)
      if (driftsOf(state, names.get(user.userId), stored[n]!, windows).length > 0) candidates.set(user.userId, segmentsOf(state))
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
  for (const [userId, segments] of unexpectedUsers) candidates.set(userId, [...new Set([...candidates.get(userId) ?? [], ...segments])])
  await drain(0)
  return report
}

async function settle ({ history, windows, store, ledger, apply, onDrift }: ReconcileOptions, candidates: Suspects, report: { drifts: number, left: number }): Promise<void> {
  let waiting = candidates
  for (let look = 1; waiting.size > 0; look++) {
    const { at, users: stored } = await store.read(windows, waiting)
    const events = new Map((await ledger.usersUpTo([...waiting.keys()], at)).map((user) => [user.userId, user]))
    const names = await ledger.namesOf([...waiting.keys()])
    let moved: Promise<ReadonlySet<string>> | undefined
    const hasMoved = async (userId: string) => (await (moved ??= usersSince(store, new Set(events.keys()), at))).has(userId)
    const again = new Map<string, readonly string[]>()
    for (const user of stored) {
      const state = foldUser(history, events.get(user.userId)!)
      const looked = waiting.get(user.userId)!
      const segments = [...new Set([...looked, ...segmentsOf(state)])]
      if (segments.length > looked.length) {
        again.set(user.userId, segments) // it is in segments where nobody has looked yet
        continue
      }
      const username = names.get(user.userId)
      const found = driftsOf(state, username, user, windows)
      const drifts = found.some(isOfName) && await hasMoved(user.userId) ? found.filter((drift) => !isOfName(drift)) : found
      if (drifts.length === 0 && found.length > 0 && look < LOOKS) again.set(user.userId, looked)
      else if (drifts.length > 0) {
        const outcome = apply ? await repair({ history, windows, store }, events.get(user.userId)!, { username, at, strays: looked }) : 'left'
        report.drifts += drifts.length
        if (outcome !== 'repaired') report.left += drifts.length
        for (const drift of drifts) onDrift(drift, outcome === 'repaired')
      }
    }
    waiting = again
  }
}

async function usersSince (store: ReconcileStore, userIds: ReadonlySet<string>, at: Position): Promise<ReadonlySet<string>> {
  return new Set((await store.since(userIds, at)).events.map(({ userId }) => userId))
}

const isOfName = ({ what }: Drift) => what === 'name'

/** Who is written to all the time is repaired in between: what happened since comes from the stream, and the name is that of the store, which the ledger gets with it. */
async function repair (
  { history, windows, store }: Pick<ReconcileOptions, 'history' | 'windows' | 'store'>, { userId, events }: UserEvents, wanted: Omit<Wanted, 'state'>
): Promise<'repaired' | 'moved' | 'outdated'> {
  for (let tries = 1, all = events, { at, username } = wanted; ; tries++) {
    const outcome = await store.repair(windows, { ...wanted, state: foldUser(history, { userId, events: all }), at, username })
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

function hasPlace ({ visible, hidden, ban }: UserState, window: WindowName | undefined, segment: string | undefined): boolean {
  if (window === undefined) return ban !== undefined
  const [placed, concealed] = [visible.get(window), hidden.get(window)]
  return segment === undefined ? placed !== undefined || concealed !== undefined : placed?.segments.has(segment) === true || concealed?.segments.has(segment) === true
}

/** Everything that differs, window by window. */
function driftsOf (state: UserState, username: string | undefined, stored: StoredUser, windows: readonly WindowName[]): Drift[] {
  const { userId } = state
  const drifts: Drift[] = []
  const compare = (what: Drift['what'], here: Drift['store'], there: Drift['ledger'], window?: WindowName, segment?: string) => {
    if (here !== there) drifts.push({ userId, what, window, segment, store: here, ledger: there })
  }
  for (const window of windows) {
    const visible = state.visible.get(window)
    const places = new Map<string, number>(visible === undefined ? [] : [['', visible.score], ...[...visible.segments].map(([segment, { score }]): [string, number] => [segment, score])])
    const hidden = state.hidden.get(window)
    // Of a hidden score a segment says only who is in it.
    const hiddenScores = new Map<string, number>(hidden === undefined ? [] : [['', hidden.score], ...[...hidden.segments].map((segment): [string, number] => [segment, 0])])
    for (const [what, wanted, found] of [['score', places, stored.visible.get(window)], ['hidden', hiddenScores, stored.hidden.get(window)]] as const) {
      for (const segment of new Set([...wanted.keys(), ...found?.keys() ?? []])) compare(what, found?.get(segment), wanted.get(segment), window, segment || undefined)
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
  return [...new Set([...current, ...former, ...[...visible.values()].flatMap(({ segments }) => [...segments.keys()]), ...[...hidden.values()].flatMap(({ segments }) => [...segments])])]
}

/** Who goes by the user id has no name that is kept. */
const nameOf = (userId: string, username: string | undefined) => username === userId ? undefined : username
const textOf = (segments: readonly string[]) => segments.length === 0 ? undefined : sortedSegments(segments).join(', ')
