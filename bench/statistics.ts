export { median, spread, spreadMicros, sum } from '../src/load/report/statistics.ts'
