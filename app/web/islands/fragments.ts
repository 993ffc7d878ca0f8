/** Pieces of a page, rendered by the server: the block of a template at the page's own address. */

import { showLocalTimes } from "./times";

/** How long an answer is waited for; a service that is frozen would be waited for without an end. */
export const PATIENCE_MILLISECONDS = 8000;

/** The session has ended: the address would have led to the sign-in. */
export class SignedOut extends Error {}

export async function fetchFragment(path: string, name: string): Promise<DocumentFragment> {
  const response = await fetch(`${path}?fragment=${encodeURIComponent(name)}`, {
    headers: { Accept: "text/html" },
    credentials: "same-origin",
    signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
  });
  if (response.redirected) throw new SignedOut(`${path} leads to ${response.url}`);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return asFragment(await response.text());
}

/** Brings every `data-fragment` element of the page up to date. */
export async function refreshFragments(path: string, root: ParentNode = document): Promise<void> {
  for (const element of root.querySelectorAll<HTMLElement>("[data-fragment]")) {
    try {
      element.replaceChildren(await fetchFragment(path, element.dataset["fragment"] ?? ""));
    } catch {
      // It stays as it was; the next page load shows the rest.
    }
  }
}

function asFragment(html: string): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = html;
  showLocalTimes(template.content);
  return template.content;
}

/** A link that leads to the sign-in and back to `path`. */
export function signInLink(path: string): HTMLAnchorElement {
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(path)}`;
  link.textContent = "Sign in";
  return link;
}
