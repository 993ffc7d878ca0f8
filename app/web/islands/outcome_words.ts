/** The server's words for outcomes, and how a case's outcome is drawn with them. */

export interface OutcomeWords {
  word: string;
  tone: string;
}

export function readWords(root: ParentNode = document): Record<string, OutcomeWords> {
  const text = root.querySelector("#outcome-words")?.textContent ?? "{}";
  return JSON.parse(text) as Record<string, OutcomeWords>;
}

export function statusBadge(words: OutcomeWords): HTMLElement {
  const element = document.createElement("span");
  element.className = `status-badge tone-${words.tone}`;
  element.append(icon(words.tone), words.word);
  return element;
}

function icon(name: string): SVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(namespace, "svg");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", `${document.documentElement.dataset["icons"] ?? "/static/icons.svg"}#${name}`);
  picture.append(use);
  return picture;
}
