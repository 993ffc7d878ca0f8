/** A learner's unsent code, kept in the browser for each problem. */

export class Draft {
  readonly #storage: Storage;
  readonly #key: string;
  readonly #guestKey: string;

  constructor(storage: Storage, user: string, problem: string) {
    this.#storage = storage;
    this.#key = `jaxercise:draft:${user}:${problem}`;
    this.#guestKey = `jaxercise:draft:guest:${problem}`;
  }

  /** The draft, or null; what a guest wrote becomes the draft of whoever signs up or in next. */
  read(): string | null {
    try {
      const own = this.#storage.getItem(this.#key);
      if (own !== null) return own;
      const guests = this.#storage.getItem(this.#guestKey);
      if (guests !== null) {
        this.#storage.setItem(this.#key, guests);
        if (this.#guestKey !== this.#key) this.#storage.removeItem(this.#guestKey);
      }
      return guests;
    } catch {
      return null;
    }
  }

  /** False where the browser keeps nothing, or has no room. */
  write(code: string): boolean {
    try {
      this.#storage.setItem(this.#key, code);
      return true;
    } catch {
      return false;
    }
  }
}
