/**
 * A learner's unsent code, kept in the browser for each account and problem.
 *
 * One version is the draft that the next page starts from. It bears a token, new with every write: whoever writes
 * and finds another's token has been overtaken by another tab, and keeps its code beside instead of over it.
 */

const GUEST = "guest";
const KEPT_AT_MOST = 8;

export interface Version {
  code: string;
  /** When it was written, in milliseconds since 1970, by this browser's clock; 0 where that is not known. */
  at: number;
}

interface Stored extends Version {
  token: string;
  /** The newest submission that its tab knew of: with another one, newer code was sent in from elsewhere. */
  base: string;
}

export type Written = "saved" | "overtaken" | "failed";

export class Draft {
  readonly #local: Storage;
  readonly #tab: Storage;
  readonly #user: string;
  readonly #problem: string;
  readonly #own = unguessable();
  #latest: string;
  #seen = "";

  /** `local` outlives the browser, `tab` only the tab; `latest` is the newest submission's id, or empty. */
  constructor(local: Storage, tab: Storage, user: string, problem: string, latest = "") {
    this.#local = local;
    this.#tab = tab;
    this.#user = user;
    this.#problem = problem;
    this.#latest = latest;
  }

  /** Under which name the draft is stored, for the event that another tab's writing makes. */
  get key(): string {
    return this.#keyOf(this.#user);
  }

  /**
   * The draft, or null. What a guest wrote becomes the draft of whoever signs up or in next in the same
   * tab; in another tab, or another day at a shared machine, that may be somebody else.
   */
  read(): string | null {
    try {
      this.#adoptGuests();
    } catch {
      // What is kept elsewhere stays there.
    }
    const stored = this.#stored();
    this.#seen = stored?.token ?? "";
    return stored?.code ?? null;
  }

  /** When the draft was written; 0 where that is not known. */
  get writtenAt(): number {
    return this.#stored()?.at ?? 0;
  }

  /** Whether code was sent in since the draft was written that its tab did not know of. */
  get isOlderThanLatest(): boolean {
    const stored = this.#stored();
    return stored !== null && this.#latest !== "" && stored.base !== this.#latest;
  }

  /** Makes `code` the draft, unless another tab has written meanwhile: then it is kept beside. */
  write(code: string): Written {
    const stored = this.#stored();
    const overtaken = stored !== null && stored.token !== this.#seen && stored.code !== code;
    try {
      if (overtaken) this.#keep({ code, at: Date.now(), token: this.#own, base: this.#latest });
      else this.#store(code);
    } catch {
      return "failed";
    }
    return overtaken ? "overtaken" : "saved";
  }

  /** Makes `code` the draft, whoever wrote last; what stood there is kept. */
  take(code: string): void {
    const stored = this.#stored();
    if (stored && stored.code !== code) this.keep(stored);
    this.forget(code);
    this.#seen = stored?.token ?? "";
    this.write(code);
  }

  /** Keeps a version beside the draft. */
  keep({ code, at }: Version): void {
    try {
      if (code.trim()) this.#keep({ code, at, token: unguessable(), base: "" });
    } catch {
      // There is no room; it is still in the editor's history.
    }
  }

  /** The version of another tab that the draft is now, or else the newest that is kept beside; never `code` itself. */
  other(code: string): (Version & { isOfAnotherTab: boolean }) | null {
    const stored = this.#stored();
    if (stored?.code === code) this.#seen = stored.token;
    if (stored && stored.token !== this.#seen) return { ...stored, isOfAnotherTab: true };
    const kept = this.#kept().filter((version) => version.code !== code);
    const newest = kept.at(-1);
    return newest ? { ...newest, isOfAnotherTab: false } : null;
  }

  forget(code: string): void {
    try {
      const left = this.#kept().filter((version) => version.code !== code);
      if (left.length > 0) this.#local.setItem(`${this.key}:kept`, JSON.stringify(left));
      else this.#local.removeItem(`${this.key}:kept`);
    } catch {
      // It stays.
    }
  }

  /** The code was sent in: from now on the draft rests on this submission. */
  sentIn(id: string): void {
    this.#latest = id;
    const stored = this.#stored();
    if (stored && stored.token === this.#seen) this.write(stored.code);
  }

  #store(code: string): void {
    const token = unguessable();
    const stored: Stored = { code, at: Date.now(), token, base: this.#latest };
    this.#local.setItem(this.key, JSON.stringify(stored));
    this.#seen = token;
    if (this.#user === GUEST) this.#tab.setItem(this.#keyOf(GUEST), "written here");
  }

  #stored(user = this.#user): Stored | null {
    try {
      return asStored(this.#local.getItem(this.#keyOf(user)));
    } catch {
      return null;
    }
  }

  #kept(): Stored[] {
    try {
      const kept = JSON.parse(this.#local.getItem(`${this.key}:kept`) ?? "[]") as unknown;
      return Array.isArray(kept) ? (kept as Stored[]) : [];
    } catch {
      return [];
    }
  }

  #keep(version: Stored): void {
    const others = this.#kept().filter(({ token, code }) => token !== version.token && code !== version.code);
    this.#local.setItem(`${this.key}:kept`, JSON.stringify([...others, version].slice(-KEPT_AT_MOST)));
  }

  #adoptGuests(): void {
    const guests = this.#keyOf(GUEST);
    if (this.#user === GUEST || this.#tab.getItem(guests) === null) return;
    const written = this.#stored(GUEST);
    if (written) {
      this.#seen = this.#stored()?.token ?? "";
      this.take(written.code);
      // Where there is no room for it twice, it stays where it is.
      if (this.#stored()?.code !== written.code) return;
    }
    this.#local.removeItem(guests);
    this.#tab.removeItem(guests);
  }

  #keyOf(user: string): string {
    return `jaxercise:draft:${user}:${this.#problem}`;
  }
}

function asStored(text: string | null): Stored | null {
  if (text === null) return null;
  try {
    const read = JSON.parse(text) as Partial<Stored> | null;
    if (read && typeof read.code === "string" && typeof read.token === "string") {
      return { code: read.code, token: read.token, at: Number(read.at ?? 0), base: read.base ?? "" };
    }
  } catch {
    // Before drafts had tokens they were the code alone.
  }
  return { code: text, token: "plain", at: 0, base: "" };
}

/** A name that nobody else gives; `crypto.randomUUID` is not to be had where a service has no TLS. */
export function unguessable(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
