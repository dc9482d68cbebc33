// The live page: <live-scoreboard>, and beneath it a form that scores for a chosen name where the service gives out tokens.
import './live-scoreboard.js'

const TRIES = 5

const element = (id) => document.getElementById(id)
const scoreboard = document.querySelector('live-scoreboard')
const nameField = element('name')
const answer = element('answer')
const points = new Intl.NumberFormat(document.documentElement.lang)

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
  scoreboard.user = userId
  const actionId = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
  for (let tries = 1; ; tries++) {
    const response = await fetch(`/v1/boards/${scoreboard.client.board?.board ?? 'main'}/increments?include=rank`, {
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
