import { type Answer, sleep } from 'learn-backend/kit'

/** What is used of the driver's database. */
export interface Database {
  databaseName: string
  command(command: Record<string, unknown>): Promise<unknown>
  collection(name: string): {
    find(filter: Record<string, unknown>): { toArray(): Promise<Record<string, unknown>[]> }
    drop(): Promise<unknown>
  }
}

export interface Operation {
  plan: string
  documents: number
  text: string
}

/** Makes a request, and tells what it made MongoDB do, as its profiler saw it. */
export async function examined(
  database: Database,
  ask: () => Promise<Answer>,
): Promise<{ answer: Answer; operations: Operation[] }> {
  await database.command({ profile: 2 })
  try {
    const answer = await ask()
    // An operation may be noted just after its answer was sent.
    await sleep(20)
    await database.command({ profile: 0 })
    const entries = await database.collection('system.profile').find({}).toArray()
    const own = entries.filter(({ ns }) => !String(ns).startsWith(`${database.databaseName}.system.`))
    return { answer, operations: own.map(operationOf) }
  } finally {
    await database.command({ profile: 0 })
    await database.collection('system.profile').drop()
  }
}

function operationOf({ op, command, planSummary, docsExamined }: Record<string, unknown>): Operation {
  const { lsid: _session, $db: _database, $clusterTime: _time, ...shown } = (command ?? {}) as Record<string, unknown>
  const plan = typeof planSummary === 'string' ? planSummary : ''
  const documents = typeof docsExamined === 'number' ? docsExamined : 0
  return {
    plan,
    documents,
    text: `${String(op)} ${JSON.stringify(shown).slice(0, 300)} - plan ${plan || '(none)'}, docsExamined ${documents}`,
  }
}
