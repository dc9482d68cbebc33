// Which URLs and addresses webhooks may be sent to.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { MAX_URL_CHARACTERS } from './webhook.ts'

/** Where webhooks may go besides public addresses. */
export interface TargetPolicy {
  /** In production nothing goes to this machine itself, and nothing in plain text. */
  readonly production: boolean
  /** Networks such as 10.1.0.0/16 in which the operator has receivers; they may be plain http too. */
  readonly webhookNetworks: readonly string[]
}

const [GLOBAL_UNICAST, NAT64] = ['2000::/3', '64:ff9b::/96'].map((range) => ipaddr.parseCIDR(range))

/** Whether anything may be sent to this address, over `http:` or `https:`. What is no address may not. */
export function isAllowedAddress (
  address: string,
  protocol: string,
  { production, webhookNetworks }: TargetPolicy
): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false
  const ip = plainOf(ipaddr.parse(address))
  if (webhookNetworks.some((network) => isWithin(ip, network))) return true
  if (ip.range() === 'loopback') return !production
  return protocol === 'https:' && isPublic(ip)
}

/**
 * Why nothing may be sent to a url, as far as it can be told without asking for its name's addresses; undefined where
 * it may be.
 */
export function whyNotUrl (text: string, policy: TargetPolicy): string | undefined {
  if (text.length > MAX_URL_CHARACTERS) return `must have at most ${MAX_URL_CHARACTERS} characters`
  if (!URL.canParse(text) || /[\p{Cc}\s]/u.test(text)) return 'must be a url'
  const url = new URL(text)
  const isPlain = url.protocol === 'http:'
  if (url.protocol !== 'https:' && !isPlain) return 'must begin with https://'
  if (url.username !== '' || url.password !== '') return 'must hold no user and password'
  if (text.includes('#')) return 'must have no fragment'
  const port = Number(url.port || (isPlain ? 80 : 443))
  if (port !== (isPlain ? 80 : 443) && port < 1024) return 'must have the port 443 or one from 1024 on'
  const host = hostOf(url)
  if (isIP(host) !== 0) {
    if (!isAllowedAddress(host, url.protocol, policy)) {
      return isPlain && isAllowedAddress(host, 'https:', policy)
        ? 'must begin with https://'
        : 'must not be an address that is private, local or reserved'
    }
  } else if (isLocalName(host)) {
    if (!isAllowedAddress('127.0.0.1', url.protocol, policy)) return 'must not be this machine'
  } else if (isPlain && policy.webhookNetworks.length === 0) return 'must begin with https://'
  return undefined
}

/** The host of a url as resolvers take it: an IPv6 address without its brackets. */
export function hostOf ({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

/** Names that mean this machine wherever they are asked for (RFC 6761, section 6.3). */
export function isLocalName (host: string): boolean {
  return /^(.+\.)?localhost\.?$/i.test(host)
}

function isPublic (ip: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return ip.range() === 'unicast' && (ip.kind() === 'ipv4' || ip.match(GLOBAL_UNICAST as [ipaddr.IPv6, number]))
}

function isWithin (ip: ipaddr.IPv4 | ipaddr.IPv6, network: string): boolean {
  const range = ipaddr.parseCIDR(network)
  return ip.kind() === range[0].kind() && ip.match(range as [ipaddr.IPv6, number])
}

/** The IPv4 address that an IPv6 one stands for, mapped (RFC 4291) or translated (RFC 6052): it is judged as that. */
function plainOf (ip: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (!(ip instanceof ipaddr.IPv6)) return ip
  if (!ip.isIPv4MappedAddress() && !ip.match(NAT64 as [ipaddr.IPv6, number])) return ip
  return new ipaddr.IPv4(ip.toByteArray().slice(12))
}
