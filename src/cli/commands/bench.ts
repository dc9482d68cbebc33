// `scorewire bench`: puts load on a running deployment.
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { createSigner } from 'fast-jwt'
import { messageOf } from '../../leaderboard/log.ts'
import { readConfig } from '../../config.ts'
import { tokenOptions } from '../../http/tokens.ts'
import { CannotRun } from '../../load/settings.ts'
import { callersFrom, mintedCallers, type Callers, type Mint } from '../../load/traffic/callers.ts'
import { reportHtml, reportMarkdown } from '../../load/report/report.ts'
import { parseResult, type Result } from '../../load/report/result.ts'
import { runLoad } from '../../load/run.ts'
import { resultOf } from '../../load/report/summary.ts'
import { readBenchOptions, type BenchOptions } from '../bench-options.ts'
import { UsageError, type Command, type Process } from '../command.ts'
import { readDevelopmentSecret } from '../development-secret.ts'
import { VERSION } from '../version.ts'

export { usage } from '../bench-options.ts'

/** Longer than any run with its checks. */
const TOKEN_LIFE_MS = 26 * 3600 * 1000

/** Runs a load and prints its report. The exit codes are those of `usage`. */
export const bench: Command = async (words, process) => {
  const options = readBenchOptions(words)
  const { showProgress, write } = process
  const earlier = options.compare === undefined ? undefined : await readResult(options.compare)
  const callers = await callersOf(options, process.env)
  await checkWritable([options.out, options.report])
  try {
    const finished = await runLoad({
      settings: options.settings,
      callers,
      onProgress: showProgress,
      stopped: process.stopSignal
    })
    const result = resultOf(finished, {
      settings: options.settings,
      command: ['scorewire bench', ...words].join(' '),
      version: VERSION,
      date: new Date()
    })
    await writeFiles(result, earlier, options)
    write(options.json ? `${JSON.stringify(result, null, 2)}\n` : `${reportMarkdown(result, earlier)}\n`)
    return result.sections.some(({ flaws }) => flaws.length > 0) ? 1 : 0
  } catch (error) {
    if (error instanceof CannotRun) throw new UsageError(error.message)
    throw error
  }
}

async function readResult (file: string): Promise<Result> {
  try {
    return parseResult(await readFile(file, 'utf8'), file)
  } catch (error) {
    throw new UsageError(`--compare: ${messageOf(error)}`)
  }
}

/** Tokens from the file, or signed with the secret that there is; none where there is neither. */
async function callersOf ({ settings, tokenFile }: BenchOptions, env: Process['env']): Promise<Callers | undefined> {
  if (tokenFile !== undefined) {
    const text = await readFile(tokenFile, 'utf8').catch((error) => {
      throw new UsageError(`--token-file: ${error.message}`)
    })
    try {
      return callersFrom(text, tokenFile, settings)
    } catch (error) {
      throw error instanceof CannotRun ? new UsageError(error.message) : error
    }
  }
  const mint = mintOf(env)
  return mint && mintedCallers(settings, mint)
}

function mintOf (env: Process['env']): Mint | undefined {
  const config = readConfig(env, [])
  let secret = config.jwtSecret
  try {
    secret ??= readDevelopmentSecret(config.dataDir)
  } catch {
    return undefined // scenarios that read need none
  }
  const { sign } = tokenOptions({ secret, issuer: config.jwtIssuer, audience: config.jwtAudience })
  return createSigner({ ...sign, key: secret, expiresIn: TOKEN_LIFE_MS })
}

/** Checks before the run that its files can be written. @throws UsageError */
async function checkWritable (files: readonly (string | undefined)[]): Promise<void> {
  for (const file of files) {
    if (file === undefined) continue
    await appendFile(file, '').catch((error) => {
      throw new UsageError(`cannot write ${file}: ${error.message}`)
    })
  }
}

async function writeFiles (result: Result, earlier: Result | undefined, { out, report }: BenchOptions): Promise<void> {
  if (out !== undefined) await writeFile(out, `${JSON.stringify(result, null, 2)}\n`)
  if (report === undefined) return
  await writeFile(report, reportHtml(result, earlier))
  await writeFile(markdownBeside(report), reportMarkdown(result, earlier))
}

const markdownBeside = (report: string) => report.replace(/\.html?$/, '.md')
