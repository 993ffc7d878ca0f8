/** Forms that are sent once, however often they are clicked; and pages that Back brings as they were left. */

const AGAIN_AFTER_MILLISECONDS = 3000;

export function sendOnce(root: Document): void {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset["sent"]) event.preventDefault();
    form.dataset["sent"] = "yes";
    // A service that does not answer may be asked again.
    setTimeout(() => delete form.dataset["sent"], AGAIN_AFTER_MILLISECONDS);
  });
}

/** Lets forms be sent again, and loads a page anew that another account looks at than it was made for. */
export async function brought(root: Document, reload: () => void): Promise<void> {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-sent]")) delete form.dataset["sent"];
  const user = root.querySelector<HTMLElement>("[data-user]")?.dataset["user"];
  if (user === undefined) return;
  try {
    const answer = await fetch("/api/v1/session", { credentials: "same-origin" });
    const account = answer.ok ? ((await answer.json()) as { id: string }).id : "guest";
    if (account !== user) reload();
  } catch {
    // Without an answer the page stays what it is.
  }
}
