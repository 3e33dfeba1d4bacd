import { toolchainOf } from '../toolchains/index.ts'
import type { Evidence } from './evidence.ts'

/** What a language's own messages mean that a program left behind. @param toolchain its id */
export function explainWords(toolchain: string, evidences: (Evidence | undefined)[]): string[] {
  const text = evidences.flatMap((evidence) => [...(evidence?.log ?? []), evidence?.got ?? '']).join('\n')
  if (text === '') return []
  return (toolchainOf(toolchain)?.explanations ?? []).flatMap(([says, means]) => {
    const found = says.exec(text)
    return found ? [means(found)] : []
  })
}
