// Writes labels, numbers and ages in the language of the page.
import { DEFAULT_LABELS, type ScoreboardLabels } from './labels.ts'

/** The texts of one scoreboard in one language. */
export class Format {
  readonly #labels: ScoreboardLabels
  readonly #numbers: Intl.NumberFormat
  readonly #plurals: Intl.PluralRules

  /** `lang` is a language tag; the browser's own language stands in for one that is malformed. */
  constructor (lang: string, labels: ScoreboardLabels) {
    const [locale] = localesOf(lang)
    this.#labels = labels
    this.#numbers = new Intl.NumberFormat(locale)
    this.#plurals = new Intl.PluralRules(locale)
  }

  number (value: number): string {
    return this.#numbers.format(value)
  }

  /** A label with its values filled in; `count` decides on its plural form. */
  label (name: keyof ScoreboardLabels, values: Readonly<Record<string, string | number>> = {}, count = 0): string {
    const label = this.#labels[name] ?? DEFAULT_LABELS[name]
    const text = typeof label === 'string' ? label : label[this.#plurals.select(count)] ?? label.other
    return text.replace(/\{(\w+)\}/g, (placeholder, key: string) => {
      const value = values[key] ?? placeholder
      return typeof value === 'number' ? this.number(value) : value
    })
  }

  /** How long ago something was, such as "3 s ago". */
  age (ms: number): string {
    const seconds = Math.floor(ms / 1000)
    if (seconds < 2) return this.label('now')
    if (seconds < 120) return this.label('seconds', { n: seconds }, seconds)
    const minutes = Math.floor(seconds / 60)
    if (minutes < 120) return this.label('minutes', { n: minutes }, minutes)
    const hours = Math.floor(minutes / 60)
    return this.label('hours', { n: hours }, hours)
  }
}

function localesOf (lang: string): string[] {
  try {
    return Intl.getCanonicalLocales(lang)
  } catch {
    return []
  }
}
