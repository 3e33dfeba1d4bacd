/** Every container of ours carries it; its value is the id of the run. */
export const runLabel = 'io.github.learn-backend.run'
/** Which service it is. */
export const serviceLabel = 'io.github.learn-backend.service'
/** The process that started it, and the machine: what tells whether it was left behind. */
export const ownerLabel = 'io.github.learn-backend.owner'
