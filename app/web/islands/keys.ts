/** The editor's keys, said as they are on this machine: Command on a Mac, Control elsewhere. */

export function sayKeys(root: ParentNode, platform: string): void {
  const isMac = /Mac|iPhone|iPad/.test(platform);
  for (const key of root.querySelectorAll("[data-mod-key]")) key.textContent = isMac ? "⌘" : "Ctrl";
  for (const [mode, keys] of [
    ["run", "Enter"],
    ["submit", "Shift+Enter"],
  ]) {
    const button = root.querySelector(`button[name=mode][value=${mode}]`);
    button?.setAttribute("aria-keyshortcuts", `${isMac ? "Meta" : "Control"}+${keys}`);
    button?.setAttribute("title", isMac ? `⌘ ${keys}` : `Ctrl+${keys}`);
  }
  for (const hidden of root.querySelectorAll<HTMLElement>("[data-keys]")) hidden.hidden = false;
}
