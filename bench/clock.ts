export { clockMs } from '../src/load/clock.ts'
