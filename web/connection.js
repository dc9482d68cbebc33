// Follows a scoreboard over a WebSocket: reconnects by itself, spread out, and never hands on an older board.

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 15_000
/** A connection that held for so long was a good one: the next failure starts from the shortest delay. */
const CALM_MS = 10_000
/** Close codes after which coming back would not help: the request itself is wrong. */
const FINAL_CODES = new Set([1008, 4404])

/**
 * @param {object} options
 * @param {(message: object) => void} options.onBoard called with each snapshot and update, never with an older one
 * @param {(state: 'connecting' | 'live' | 'offline' | 'ended') => void} options.onState
 * @returns {() => void} stops it
 */
export function followScoreboard ({ onBoard, onState }) {
  const url = new URL('/ws/scoreboard', window.location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  let failures = 0
  let stopped = false
  let socket
  let timer
  let epoch
  let version = -1

  function connect () {
    onState(failures === 0 ? 'connecting' : 'offline')
    socket = new WebSocket(url)
    let openedAt = Infinity
    socket.addEventListener('open', () => { openedAt = performance.now() })
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data)
      if (message.event !== 'snapshot' && message.event !== 'update') return
      onState('live')
      if (message.epoch === epoch && message.version < version) return
      ({ epoch, version } = message)
      onBoard(message)
    })
    socket.addEventListener('close', ({ code }) => {
      if (stopped) return
      if (FINAL_CODES.has(code)) return onState('ended')
      failures = performance.now() - openedAt > CALM_MS ? 1 : failures + 1
      onState('offline')
      // Full jitter: a thousand pages that lost the same node do not come back at the same moment.
      timer = setTimeout(connect, Math.random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures))
    })
  }

  connect()
  return () => {
    stopped = true
    clearTimeout(timer)
    socket.close()
  }
}
