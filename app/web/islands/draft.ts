/** A learner's unsent code, kept in the browser for each account and problem. */

const GUEST = "guest";

export class Draft {
  readonly #kept: Storage;
  readonly #tab: Storage;
  readonly #user: string;
  readonly #key: string;
  readonly #guestKey: string;

  /** `kept` outlives the browser, `tab` only the tab. */
  constructor(kept: Storage, tab: Storage, user: string, problem: string) {
    this.#kept = kept;
    this.#tab = tab;
    this.#user = user;
    this.#key = key(user, problem);
    this.#guestKey = key(GUEST, problem);
  }

  /**
   * The draft, or null. What a guest wrote becomes the draft of whoever signs up or in next in the same
   * tab; in another tab, or another day at a shared machine, that may be somebody else.
   */
  read(): string | null {
    try {
      const own = this.#kept.getItem(this.#key);
      if (own !== null || this.#tab.getItem(this.#guestKey) === null) return own;
      const guests = this.#kept.getItem(this.#guestKey);
      if (guests !== null) this.#kept.setItem(this.#key, guests);
      this.#kept.removeItem(this.#guestKey);
      this.#tab.removeItem(this.#guestKey);
      return guests;
    } catch {
      return null;
    }
  }

  /** False where the browser keeps nothing, or has no room. */
  write(code: string): boolean {
    try {
      this.#kept.setItem(this.#key, code);
      if (this.#user === GUEST) this.#tab.setItem(this.#guestKey, "written here");
      return true;
    } catch {
      return false;
    }
  }
}

function key(user: string, problem: string): string {
  return `jaxercise:draft:${user}:${problem}`;
}
