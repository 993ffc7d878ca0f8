/** Pieces of a page, rendered by the server: the block of a template at the page's own address. */

export async function fetchFragment(path: string, name: string): Promise<DocumentFragment> {
  const response = await fetch(`${path}?fragment=${encodeURIComponent(name)}`, {
    headers: { Accept: "text/html" },
    credentials: "same-origin",
  });
  if (!response.ok || response.redirected) throw new Error(`${path} answered ${response.status}`);
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
  return template.content;
}
