// Finds the address of the service.

/**
 * The base address of the service, with a slash at its end: `src` when there is one, else the origin that this module
 * came from, or the page's origin when a bundler has put the module into a file of its own.
 *
 * @throws TypeError when that is no http or https address
 */
export function serviceUrl (src: string | URL | null | undefined): URL {
  const module = import.meta.url
  const page = globalThis.document?.baseURI
  const url = src ? new URL(src, page) : new URL('/', module.startsWith('http') ? module : page)
  if (!/^(http|ws)s?:$/.test(url.protocol)) throw new TypeError(`src must be an http or https address, not ${src}`)
  url.protocol = url.protocol.replace('ws', 'http')
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}
