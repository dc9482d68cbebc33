// Whether each action counted exactly once: the scores of the service beside what it has acknowledged.

interface Counted {
  /** By how much the scores of the run's users have risen. */
  readonly gained: number
  readonly users: number
  /** Summed over processes; see `Actions`. */
  readonly counts: Readonly<Record<string, number>>
}

export interface Check {
  readonly isRight: boolean
  readonly sentence: string
}

const number = (count: number) => count.toLocaleString('en')

/** Compares what the users gained with what was acknowledged, and says in a sentence what came of it. */
export function checkCounted ({ gained, users, counts }: Counted): Check {
  const { acknowledged = 0, resent = 0, unresolved = 0, replays = 0, silentReplays = 0, wrongReplays = 0 } = counts
  const isRight = gained >= acknowledged && gained <= acknowledged + unresolved && wrongReplays === 0
  const again = wrongReplays === 0 ? 'none counted again' : `${number(wrongReplays)} COUNTED again`
  const silent = silentReplays > 0 ? ` (${number(silentReplays)} had no answer)` : ''
  const rise = `the scores of ${number(users)} users rose by ${number(gained)}`
  const parts = [
    `${number(acknowledged)} increments were acknowledged, warm-up included, and ${rise}`,
    ...resent > 0 ? [`${number(resent)} requests without a clear answer were sent again until they had one`] : [],
    ...unresolved > 0 ? [`the outcome of ${number(unresolved)} increments is unknown: no repetition was answered`] : [],
    `${number(replays)} that had counted were sent once more, and ${again}${silent}`
  ]
  return { isRight, sentence: `${isRight ? 'checked' : 'NOT EXACTLY ONCE'}: ${parts.join('; ')}.` }
}
