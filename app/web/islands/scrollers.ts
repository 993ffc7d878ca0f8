/** Whatever is wider than its place can be scrolled by the keyboard: it is a stop of the Tab key while it is wider. */

const WIDE = ".math.block, .wide, .figure, pre";

export function mountScrollers(root: ParentNode): void {
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) reach(target as HTMLElement);
  });
  for (const element of root.querySelectorAll<HTMLElement>(WIDE)) {
    reach(element);
    watch.observe(element);
  }
}

function reach(element: HTMLElement): void {
  const isWider = element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight + 1;
  if (isWider && !element.hasAttribute("tabindex")) {
    element.tabIndex = 0;
    element.dataset["stop"] = "";
  } else if (!isWider && "stop" in element.dataset) {
    element.removeAttribute("tabindex");
    delete element.dataset["stop"];
  }
}
