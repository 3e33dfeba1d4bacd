import { randomUUID } from 'node:crypto'
import { Journal } from './journal.ts'

export interface User {
  id: string
  /** In lower case: the same address is the same user. */
  email: string
  role: 'user' | 'admin'
  passwordHash: string
}

export class Users {
  readonly #journal: Journal<User>
  readonly #byId = new Map<string, User>()
  readonly #byEmail = new Map<string, User>()

  constructor(path: string) {
    this.#journal = new Journal(path)
    for (const user of this.#journal.read()) this.#remember(user)
  }

  /** Returns undefined if the email is taken. Without `await`: nobody comes between the check and the change. */
  add({ email, role, passwordHash }: Omit<User, 'id'>): User | undefined {
    if (this.withEmail(email)) return undefined
    const user: User = { id: randomUUID(), email: email.toLowerCase(), role, passwordHash }
    this.#journal.append(user)
    this.#remember(user)
    return user
  }

  withEmail(email: string): User | undefined {
    return this.#byEmail.get(email.toLowerCase())
  }

  withId(id: string): User | undefined {
    return this.#byId.get(id)
  }

  all(): User[] {
    return [...this.#byId.values()]
  }

  #remember(user: User): void {
    this.#byId.set(user.id, user)
    this.#byEmail.set(user.email, user)
  }
}
