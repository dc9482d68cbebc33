export { median, spread, spreadMicros, sum } from '../src/load/statistics.ts'
