// The live page: <live-scoreboard>, and a form that scores for a chosen name where the service gives out tokens.
import './live-scoreboard.ts'
import { raiseScore } from './page/raise-score.ts'

const POINTS = new Intl.NumberFormat(document.documentElement.lang)

const scoreboard = document.querySelector('live-scoreboard')!
const form = element('play', HTMLFormElement)
const nameField = element('name', HTMLInputElement)
const answer = element('answer', HTMLOutputElement)

/** The element of the page with this id. */
function element<Type extends HTMLElement> (id: string, type: new() => Type): Type {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} with the id ${id}`)
  return found
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const name = nameField.value.trim()
  if (name === '') {
    nameField.reportValidity()
    return
  }
  rememberName(name)
  void play(name)
})

/** Scores one point and says what the score is now. */
async function play (name: string): Promise<void> {
  try {
    const board = scoreboard.client?.board?.board ?? 'main'
    const { new_score: score, rank } = await raiseScore(name, board, (userId) => {
      scoreboard.user = userId
    })
    answer.removeAttribute('data-failed')
    const points = `${POINTS.format(score)} ${score === 1 ? 'point' : 'points'}`
    answer.textContent = rank === undefined ? points : `${points}, rank ${POINTS.format(rank)}`
  } catch (error) {
    answer.setAttribute('data-failed', '')
    answer.textContent = (error as Error).message
  }
}

/** The name of the last visit. A browser may forbid a page to store anything. */
function rememberedName (): string {
  try {
    return localStorage.getItem('name') ?? ''
  } catch {
    return ''
  }
}

function rememberName (name: string): void {
  try {
    localStorage.setItem('name', name)
  } catch {} // the name is asked for again
}

/** Shows the form where the service gives out tokens, which it does in development only. */
async function showForm (): Promise<void> {
  const canPlay = await fetch('/dev/token').then(({ ok }) => ok, () => false)
  if (canPlay) form.hidden = false
  else element('read-only', HTMLParagraphElement).hidden = false
}

nameField.value = rememberedName()
void showForm()
