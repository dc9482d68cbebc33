// How far a long command is, in one line of a terminal.

const EVERY_MS = 100
const BAR = 30

export interface Progress {
  /** `share` of the whole, from 0 to 1, where it is known. */
  show(done: number, share: number | undefined): void
  /** Removes the line. */
  end(): void
}

/** Creates a progress line, drawn at most 10 times a second: a bar where the share is known, and how much is done. */
export function createProgress (showProgress: (line: string) => void, noun: string): Progress {
  let shownAt = -Infinity
  return {
    show (done, share) {
      const now = performance.now()
      if (now - shownAt < EVERY_MS) return
      shownAt = now
      showProgress(`${share === undefined ? '' : barOf(Math.min(1, share))}${done.toLocaleString('en')} ${noun}`)
    },
    end: () => showProgress('')
  }
}

function barOf (share: number): string {
  const full = Math.round(share * BAR)
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${Math.floor(share * 100)} %  `
}
