/** A learner's unsent code, kept in the browser for each account and problem. */

const GUEST = "guest";

export class Draft {
  readonly #local: Storage;
  readonly #tab: Storage;
  readonly #user: string;
  readonly #key: string;
  readonly #guestKey: string;

  /** `local` outlives the browser, `tab` only the tab. */
  constructor(local: Storage, tab: Storage, user: string, problem: string) {
    this.#local = local;
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
      const own = this.#local.getItem(this.#key);
      if (own !== null || this.#tab.getItem(this.#guestKey) === null) return own;
      const guests = this.#local.getItem(this.#guestKey);
      if (guests !== null) this.#local.setItem(this.#key, guests);
      this.#local.removeItem(this.#guestKey);
      this.#tab.removeItem(this.#guestKey);
      return guests;
    } catch {
      return null;
    }
  }

  /** False where the browser keeps nothing, or has no room. */
  write(code: string): boolean {
    try {
      this.#local.setItem(this.#key, code);
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
