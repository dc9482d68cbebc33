// How a few numbers are summarized and written.

/** The middle of the numbers, or the mean of the two in the middle. */
export function median (numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2
}

/** The median, and in parentheses the least and the most. */
export function spread (numbers: readonly number[], digits = 0): string {
  const three = [median(numbers), Math.min(...numbers), Math.max(...numbers)]
  const [middle, least, most] = three.map((one) => one.toFixed(digits))
  return `${middle} (${least} to ${most})`
}

/** The same of CPU times in µs, with one decimal below 100. */
export function spreadMicros (micros: readonly number[]): string {
  return spread(micros, median(micros) < 100 ? 1 : 0)
}

/** The sum of the numbers. */
export function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** At least three digits of a number, as a reader takes it in; a dash for NaN and infinity. */
export function short (number: number): string {
  if (!Number.isFinite(number)) return '–'
  const size = Math.abs(number)
  if (size >= 1000) return Math.round(number).toLocaleString('en')
  return Number(number.toPrecision(3)).toString()
}
