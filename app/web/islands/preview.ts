/** Shows a previewed page anew once something was saved: the server names each state of the folders. */

const PAUSE_MILLISECONDS = 700;

/** Asks until the state is another one; a server that does not answer is asked again. */
export async function followFolders(
  shown: string,
  reload: () => void,
  pause: () => Promise<void> = () => new Promise((go) => setTimeout(go, PAUSE_MILLISECONDS)),
): Promise<void> {
  for (;;) {
    await pause();
    try {
      const response = await fetch("/preview/state", { cache: "no-store" });
      const { revision } = (await response.json()) as { revision: string | null };
      if (revision !== null && revision !== shown) {
        reload();
        return;
      }
    } catch {
      // It is being started again, perhaps.
    }
  }
}
