import { createApp } from '../../app.ts'
import { readConfig } from '../../config.ts'
import { startEmbeddedRedis, type EmbeddedRedis } from '../../redis/embedded.ts'
import { VARIABLES } from '../../environment.ts'
import { readNoWords } from '../arguments.ts'
import type { Command } from '../command.ts'
import { makeDevelopmentSecret } from '../development-secret.ts'
import { createLog } from '../log.ts'
import type { Usage } from '../usage.ts'
import { VERSION } from '../version.ts'
import { worker } from './worker.ts'

/** How `scorewire serve` is used. */
export const usage: Usage = {
  summary: 'run a node, which answers requests; its environment configures it',
  forms: ['serve'],
  variables: VARIABLES,
  notes: ['SIGTERM and SIGINT drain the node; a second signal ends it at once.']
}

/** `scorewire serve`: runs a node until it is asked to stop. */
export const serve: Command = async (words, process) => {
  const { env, isTerminal, write, stopSignal } = process
  readNoWords('serve', words)
  const config = readConfig(env)
  if (!config.roles.has('api')) return await worker(words, process)
  const log = createLog(config, isTerminal)
  let redis: EmbeddedRedis | undefined
  try {
    const redisUrl = config.redisUrl ?? (redis = await startEmbeddedRedis({ dataDir: config.dataDir, path: env['PATH'] ?? '', log })).url
    const app = await createApp({
      config,
      redisUrl,
      jwtSecret: config.jwtSecret ?? makeDevelopmentSecret(config.dataDir),
      version: VERSION,
      log,
      now: Date.now,
      random: Math.random
    })
    try {
      const address = await app.server.listen({ host: config.host, port: config.port })
      if (!config.production) write(`\n  scorewire ${VERSION} is live at ${address}\n  API documentation        ${address}/docs\n  A token                  npx scorewire token <user>\n\n`)
      log.info({ signal: await stopSignal, drainMs: config.drainMs }, 'leaving')
      await app.depart()
    } finally {
      await app.server.close()
    }
  } finally {
    await redis?.stop()
  }
  log.info({}, 'stopped')
  return 0
}
