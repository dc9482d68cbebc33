// The network of an address: what counts as one client.
import { isIPv6 } from 'node:net'

/** The address, or for IPv6 the /64 that one customer usually has whole. */
export function networkOf (ip: string): string {
  // A look for a colon is cheaper. A balancer may name anything.
  if (!ip.includes(':') || !isIPv6(ip)) return ip
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip) ?? []
  if (mapped !== undefined) return mapped
  // The address may hold one "::", which stands for as many zeros as are missing.
  const [head = '', tail] = ip.split('::')
  const [first, last] = [head.split(':').filter(Boolean), tail?.split(':').filter(Boolean) ?? []]
  const zeros = Array.from({ length: tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length) }, () => '0')
  const groups = [...first, ...zeros, ...last].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${groups.join(':')}::/64`
}
