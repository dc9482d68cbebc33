// Longer than this nobody's name servers are waited for.
import { Resolver } from 'node:dns/promises'
import { Agent as PlainAgent, request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent, request } from 'node:https'
import { isIP, isIPv6, type LookupFunction } from 'node:net'
import { Webhook as Signer } from 'standardwebhooks'
import {
  hostOf,
  isAllowedAddress,
  isLocalName,
  whyNotUrl,
  type TargetPolicy
} from '../../leaderboard/webhooks/webhook-target.ts'

/** Longer than this nobody's name servers are waited for. */
const RESOLVE_MS = 2000
/** So much of an answer's body is read, for so long, and nothing of it is kept. */
const MAX_ANSWER_BYTES = 64 * 1024
const DRAIN_MS = 2000

// Connections of their own, and never through a proxy of the environment: the address that was judged is the one that
// is connected to.
const AGENTS = { 'http:': new PlainAgent({ keepAlive: false }), 'https:': new Agent({ keepAlive: false }) }

/** The addresses of a name. @throws Error with a `code` such as ENOTFOUND */
export type Resolve = (host: string) => Promise<readonly string[]>

interface SenderOptions {
  readonly policy: TargetPolicy
  /** From the look-up of the name to the head of the answer. */
  readonly timeoutMs: number
  readonly resolve?: Resolve
}

interface Message {
  readonly id: string
  readonly body: string
  readonly url: string
  readonly secrets: readonly string[]
  /** When it is sent, in ms since 1970. */
  readonly atMs: number
}

/** `error` is a word or a code, never what the receiver has said; without a status no answer came. */
interface Answer {
  readonly status?: number
  readonly error?: string
  readonly retryAfter?: string | undefined
}

export type Send = (message: Message, signal: AbortSignal) => Promise<Answer>

/** Sends messages by the Standard Webhooks specification. Never throws: whatever happens is an answer. */
export function createSender ({ policy, timeoutMs, resolve = resolveName }: SenderOptions): Send {
  return async ({ id, body, url: text, secrets, atMs }, stop) => {
    // By hand: `AbortSignal.any` leaves something behind on a signal that lives as long as the process (Node 20).
    const ending = new AbortController()
    const { signal } = ending
    const end = () => ending.abort()
    const timer = setTimeout(end, timeoutMs)
    stop.addEventListener('abort', end, { once: true })
    try {
      stop.throwIfAborted()
      if (whyNotUrl(text, policy) !== undefined) throw failure('forbidden_url')
      const url = new URL(text)
      const addresses = await withinSignal(addressesOf(url, resolve), signal)
      if (addresses.length === 0) throw failure('ENOTFOUND')
      // One forbidden address among others is a trap for whoever takes the next one.
      if (!addresses.every((address) => isAllowedAddress(address, url.protocol, policy))) {
        throw failure('forbidden_address')
      }
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'scorewire',
        'webhook-id': id,
        'webhook-timestamp': Math.floor(atMs / 1000),
        'webhook-signature': secrets.map((secret) => new Signer(secret).sign(id, new Date(atMs), body)).join(' ')
      }
      const answer = await withinSignal(post(url, body, { headers, signal, lookup: lookupAmong(addresses) }), signal)
      const { statusCode: status = 0, headers: { 'retry-after': retryAfter } } = answer
      drain(answer)
      return { status, ...(status >= 300 && status < 400 && { error: 'redirect' }), retryAfter }
    } catch (error) {
      if (stop.aborted) return { error: 'stopped' }
      return { error: signal.aborted ? 'timeout' : codeOf(error) }
    } finally {
      clearTimeout(timer)
      stop.removeEventListener('abort', end)
    }
  }
}

async function addressesOf (url: URL, resolve: Resolve): Promise<readonly string[]> {
  const host = hostOf(url)
  if (isIP(host) !== 0) return [host]
  return isLocalName(host) ? ['127.0.0.1', '::1'] : await resolve(host)
}

/** Asks the name servers, without the threads of this process that a slow one would hold. */
async function resolveName (host: string): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: RESOLVE_MS, tries: 1 })
  const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  const found = [four, six].flatMap((result) => result.status === 'fulfilled' ? result.value : [])
  if (found.length === 0 && four.status === 'rejected') throw four.reason
  return found
}

/** Answers every look-up with the addresses that were judged. */
function lookupAmong (addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  return (_host, options, done) => {
    if (options.all === true) done(null, all)
    else done(null, all[0]!.address, all[0]!.family)
  }
}

async function post (
  url: URL,
  body: string,
  options: Pick<RequestOptions, 'headers' | 'signal' | 'lookup'>
): Promise<IncomingMessage> {
  const protocol = url.protocol === 'http:' ? 'http:' : 'https:'
  return await new Promise((resolve, reject) => {
    const sent = (protocol === 'http:' ? plainRequest : request)({
      ...options,
      method: 'POST',
      agent: AGENTS[protocol],
      protocol,
      host: hostOf(url),
      port: url.port || undefined,
      path: url.pathname + url.search
    }, resolve)
    sent.on('error', reject)
    // Without a listener an answer that nobody asked for would be no answer at all, and not even an error.
    sent.on('upgrade', (answer, socket) => {
      socket.destroy()
      resolve(answer)
    })
    sent.end(body)
  })
}

/** Reads what little of the body there should be, so that a receiver can end its answer, and cuts off all others. */
function drain (answer: IncomingMessage): void {
  let bytes = 0
  const timer = setTimeout(() => answer.destroy(), DRAIN_MS)
  timer.unref()
  answer.on('data', (data: Buffer) => {
    bytes += data.length
    if (bytes > MAX_ANSWER_BYTES) answer.destroy()
  })
  answer.on('error', () => {})
  answer.once('close', () => clearTimeout(timer))
}

async function withinSignal<T> (work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  return await new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    work.then(resolve, reject)
  })
}

function failure (code: string): Error {
  return Object.assign(new Error(code), { code })
}

function codeOf (error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(code) ? code : 'failed'
}
