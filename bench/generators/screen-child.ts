// The screens' side of a measurement, as a process of its own: opens connections, counts what comes, and tells when
// each marked write was first shown on each of them.
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import { clockMs } from '../../src/load/clock.ts'
import { serveOrders } from '../../src/load/processes/serve-orders.ts'
import type { ScreenOrders, Schedule, Shown } from './screen-processes.ts'
import { Screen, type Tally, type Target } from './screen.ts'

/** Handshakes under way at a time. */
const CONNECTING = 64
/** Of each group of screens, so many look into what they get. */
const INSPECTED = 3
const LONGEST_MICROS = 60_000_000

const screens: Screen[] = []
let tally = emptyTally()
let following: Following | undefined

interface Following {
  readonly schedule: Schedule
  readonly marker: Buffer
  readonly latencies: Histogram
  readonly shownOn: number[]
  readonly lastMs: number[]
}

function emptyTally (): Tally {
  return { tops: 0, topBytes: 0, deflating: 0, pings: 0, lost: 0, wrong: 0 }
}

async function connect (target: Target, count: number): Promise<void> {
  let left = count
  const onTop = (screen: Screen, bytes: Buffer, start: number, end: number) => {
    if (following !== undefined) follow(following, screen, bytes.indexOf(following.marker, start, 'latin1'), bytes, end)
  }
  const openSome = async () => {
    while (left-- > 0) {
      const screen = new Screen({ target, tally, inspected: screens.length < INSPECTED, onTop })
      screens.push(screen)
      await screen.opened
    }
  }
  await Promise.all(Array.from({ length: CONNECTING }, openSome))
}

/** The marked user's score tells how many marked writes a board contains; each is counted where it is first shown. */
function follow (
  { schedule: { startMs, everyMs, count, baseScore }, marker, latencies, shownOn, lastMs }: Following,
  screen: Screen,
  found: number,
  bytes: Buffer,
  end: number
): void {
  const nowMs = clockMs()
  if (found < 0 || found >= end) return
  let score = 0
  for (let at = found + marker.length; bytes[at]! >= 0x30 && bytes[at]! <= 0x39; at++) {
    score = score * 10 + bytes[at]! - 0x30
  }
  const contained = Math.min(score - baseScore, count)
  while (screen.shown < contained) {
    const write = screen.shown++
    const latencyMs = Math.max(0, nowMs - startMs - write * everyMs)
    latencies.recordValue(Math.min(LONGEST_MICROS, Math.round(latencyMs * 1000)))
    shownOn[write]!++
    lastMs[write] = Math.max(lastMs[write]!, latencyMs)
  }
}

function startFollowing (schedule: Schedule): void {
  for (const screen of screens) screen.shown = 0
  following = {
    schedule,
    marker: Buffer.from(schedule.marker),
    latencies: build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: LONGEST_MICROS,
      numberOfSignificantValueDigits: 3
    }),
    shownOn: Array<number>(schedule.count).fill(0),
    lastMs: Array<number>(schedule.count).fill(0)
  }
}

function shown (): Shown {
  if (following === undefined) throw new Error('nothing was followed')
  const { latencies, shownOn, lastMs } = following
  following = undefined
  return { latencies: encodeIntoCompressedBase64(latencies), shownOn, lastMs }
}

function disconnect (): void {
  for (const screen of screens) screen.close()
  screens.length = 0
  tally = emptyTally()
}

serveOrders<ScreenOrders>({ connect, follow: startFollowing, tally: () => tally, shown, disconnect })
