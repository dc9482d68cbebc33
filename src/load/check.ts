// Whether each action counted exactly once: what the service says it holds beside what it has acknowledged.

/** `gained`: by how much the scores of the run's users have risen. The rest is summed over processes, see `Actions`. */
export interface Counted {
  readonly gained: number
  readonly users: number
  readonly counts: Readonly<Record<string, number>>
}

export interface Check { readonly isRight: boolean, readonly sentence: string }

const number = (count: number) => count.toLocaleString('en')

export function checkCounted ({ gained, users, counts }: Counted): Check {
  const { acknowledged = 0, resent = 0, unresolved = 0, replays = 0, silentReplays = 0, wrongReplays = 0 } = counts
  const isRight = gained >= acknowledged && gained <= acknowledged + unresolved && wrongReplays === 0
  const parts = [
    `${number(acknowledged)} increments were acknowledged, warm-up included, and the scores of ${number(users)} users rose by ${number(gained)}`,
    ...resent > 0 ? [`${number(resent)} requests without a clear answer were sent again until they had one`] : [],
    ...unresolved > 0 ? [`of ${number(unresolved)} increments nobody knows, since nothing answered for them in the end either`] : [],
    `${number(replays)} that had counted were sent once more, and ${wrongReplays === 0 ? 'none counted' : `${number(wrongReplays)} COUNTED`} again${silentReplays > 0 ? ` (${number(silentReplays)} had no answer)` : ''}`
  ]
  return { isRight, sentence: `${isRight ? 'checked' : 'NOT EXACTLY ONCE'}: ${parts.join('; ')}.` }
}
