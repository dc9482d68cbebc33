import type { Options } from './options.ts'
export async function askLimits (_options: Options, _onProgress: (message: string) => void): Promise<{ result: object, text: string }> {
  return { result: {}, text: '' }
}
