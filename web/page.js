// The live page: shows the board, and scores for a chosen name where the service gives out tokens.
import { followScoreboard } from './connection.js'

const ANNOUNCE_EVERY_MS = 5000
const MOVE_MS = 350
const TRIES = 5

const element = (id) => document.getElementById(id)
const rows = element('rows')
const nameField = element('name')
const answer = element('answer')
const points = new Intl.NumberFormat()
const calm = window.matchMedia('(prefers-reduced-motion: reduce)')

// --- The board -----------------------------------------------------------------------------------------------------------

const rowOf = new Map()
let board
let ownId
let changedAt

function showBoard ({ board: name, top_scores: entries }) {
  board = name
  const placeBefore = new Map(Array.from(rowOf, ([user, row]) => [user, row.getBoundingClientRect().top]))
  const present = new Set(entries.map(({ user_id: user }) => user))
  for (const [user, row] of rowOf) {
    if (present.has(user)) continue
    row.remove()
    rowOf.delete(user)
  }
  entries.forEach((entry, place) => {
    const row = rowOf.get(entry.user_id) ?? newRow(entry.user_id)
    const raised = fillRow(row, entry)
    if (rows.children[place] !== row) rows.insertBefore(row, rows.children[place] ?? null)
    if (!calm.matches) move(row, placeBefore.get(entry.user_id), raised)
  })
  element('empty').hidden = entries.length > 0
  changedAt = Date.now()
  showAge()
  announce(entries)
}

function newRow (user) {
  const row = document.createElement('tr')
  const player = document.createElement('th')
  player.scope = 'row'
  player.append(document.createElement('bdi'))
  row.append(cell('rank'), player, cell('score'))
  rowOf.set(user, row)
  return row
}

function cell (name) {
  const td = document.createElement('td')
  td.className = name
  return td
}

/** Writes an entry into its row and returns whether its score has changed. */
function fillRow (row, { user_id: user, username, rank, score }) {
  const [rankCell, player, scoreCell] = row.children
  const raised = row.dataset.score !== undefined && row.dataset.score !== String(score)
  row.dataset.rank = rank
  row.dataset.score = score
  row.toggleAttribute('data-own', user === ownId)
  rankCell.textContent = rank
  player.firstChild.textContent = username
  player.title = username
  scoreCell.textContent = points.format(score)
  scoreCell.toggleAttribute('data-long', score >= 1e10)
  return raised
}

/** Lets a row glide from where it was, and lights it up when its score has risen. */
function move (row, before, raised) {
  const shift = before === undefined ? 0 : before - row.getBoundingClientRect().top
  if (shift !== 0) {
    row.animate([{ transform: `translateY(${shift}px)` }, { transform: 'none' }], { duration: MOVE_MS, easing: 'cubic-bezier(.2, .7, .2, 1)' })
  }
  if (raised) row.animate([{ backgroundColor: 'var(--flash)' }, {}], { duration: 900, easing: 'ease-out' })
}

// --- Telling ---------------------------------------------------------------------------------------------------------------

let announcedAt = -Infinity
let announcement
let leader

/** Tells a screen reader who leads: only when that has changed, and seldom. */
function announce ([first]) {
  if (first === undefined || first.user_id === leader) return
  leader = first.user_id
  clearTimeout(announcement)
  announcement = setTimeout(() => {
    announcedAt = performance.now()
    element('announcement').textContent = `${first.username} leads with ${points.format(first.score)} points`
  }, Math.max(0, announcedAt + ANNOUNCE_EVERY_MS - performance.now()))
}

const STATES = { connecting: 'Connecting', live: 'Live', offline: 'Offline, reconnecting', ended: 'Not available' }

function showState (state) {
  const field = element('state')
  if (field.dataset.state === state && field.textContent === STATES[state]) return
  field.dataset.state = state
  field.textContent = STATES[state]
}

function showAge () {
  if (changedAt === undefined) return
  const seconds = Math.floor((Date.now() - changedAt) / 1000)
  const age = seconds < 2 ? 'just now' : seconds < 120 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`
  element('age').textContent = `· ${element('state').dataset.state === 'live' ? 'changed' : 'as of'} ${age}`
}

// --- Scoring ---------------------------------------------------------------------------------------------------------------

let token = { endsAt: 0 }

async function tokenFor (name) {
  if (token.name === name && Date.now() < token.endsAt) return token
  const response = await fetch('/dev/token', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name }) })
  const body = await response.json()
  if (!response.ok) throw new Error(body.detail)
  token = { name, text: body.token, userId: body.user_id, endsAt: Date.now() + (body.expires_in - 60) * 1000 }
  return token
}

/** Scores once, however often the request has to be sent: the action keeps its id. */
async function score (name) {
  let { text, userId } = await tokenFor(name)
  ownId = userId
  const actionId = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
  for (let tries = 1; ; tries++) {
    const response = await fetch(`/v1/boards/${board ?? 'main'}/increments?include=rank`, {
      method: 'POST', headers: { authorization: `Bearer ${text}`, 'content-type': 'application/json' }, body: JSON.stringify({ action_id: actionId })
    }).catch(() => undefined)
    if (response?.ok) return await response.json()
    if (response?.status === 401 && tries === 1) {
      token = { endsAt: 0 } // the service has another secret since
      ;({ text, userId } = await tokenFor(name))
      continue
    }
    if (response !== undefined && response.status !== 503) throw new Error((await response.json()).detail)
    if (tries === TRIES) throw new Error('The service does not answer; your point may count later.')
    await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** tries * Math.random()))
  }
}

element('play').addEventListener('submit', async (event) => {
  event.preventDefault()
  const name = nameField.value.trim()
  if (name === '') return nameField.reportValidity()
  rememberName(name)
  try {
    const { new_score: total, rank } = await score(name)
    answer.removeAttribute('data-failed')
    answer.textContent = `${points.format(total)} ${total === 1 ? 'point' : 'points'}${rank === undefined ? '' : `, rank ${points.format(rank)}`}`
  } catch (error) {
    answer.setAttribute('data-failed', '')
    answer.textContent = error.message
  }
})

// A browser may forbid a page to remember anything.
function rememberedName () {
  try {
    return localStorage.getItem('name') ?? ''
  } catch {
    return ''
  }
}

function rememberName (name) {
  try {
    localStorage.setItem('name', name)
  } catch {}
}

/** Only a service in development gives out tokens; elsewhere the page watches. */
async function showWhatIsPossible () {
  const canPlay = await fetch('/dev/token').then(({ ok }) => ok, () => false)
  element(canPlay ? 'play' : 'read-only').hidden = false
}

nameField.value = rememberedName()
showWhatIsPossible()
followScoreboard({ onBoard: showBoard, onState: showState })
setInterval(showAge, 1000)
