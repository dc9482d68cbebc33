// `scorewire worker`: works behind the nodes until it is asked to stop.
import { ConfigError, readConfig, type Config } from '../../config.ts'
import { systemClock } from '../../app/system-clock.ts'
import { createWorker } from '../../app/worker.ts'
import { readNoWords } from '../arguments.ts'
import type { Command } from '../command.ts'
import { createLog } from '../log.ts'
import type { Usage } from '../usage.ts'

/** How `scorewire worker` is used. */
export const usage: Usage = {
  summary: 'work behind the nodes: apply queued increments, archive the ledger, send webhooks',
  forms: ['worker'],
  variables: [
    'NODE_ENV',
    'HOST',
    'PORT',
    'REDIS_URL',
    'REDIS_TIMEOUT_MS',
    'DATABASE_URL',
    'LEDGER_MAX_ENTRIES',
    'QUEUE_MAX_JOBS',
    'BOARDS_FILE',
    'LOG_LEVEL',
    'LOG_FORMAT',
    'TRUST_PROXY',
    'WEBHOOK_TIMEOUT_MS',
    'WEBHOOK_NETWORKS'
  ],
  notes: ['REDIS_URL is required. The port answers /healthz, /readyz and /metrics alone.']
}

/** Runs a worker. Its port answers operators alone. */
export const worker: Command = async (words, { env, isTerminal, stopSignal }) => {
  readNoWords('worker', words)
  const { config, redisUrl } = workerConfig(env)
  const log = createLog(config, isTerminal)
  const server = await createWorker({
    config: { ...config, roles: new Set(['worker'] as const) },
    redisUrl,
    log,
    random: Math.random,
    clock: systemClock
  })
  try {
    await server.listen({ host: config.host, port: config.port })
    log.info({ signal: await stopSignal }, 'stopping')
  } finally {
    await server.close()
  }
  log.info({}, 'stopped')
  return 0
}

/** @throws ConfigError also where there is no Redis, production or not */
function workerConfig (env: Readonly<Record<string, string | undefined>>): { config: Config, redisUrl: string } {
  const config = readConfig(env, [])
  const { redisUrl } = config
  if (redisUrl === undefined) throw new ConfigError(['REDIS_URL is required for a worker'])
  return { config, redisUrl }
}
