import { expect, test } from "vitest";

import { showLocalTimes } from "./times";

test("a time is shown in the reader's zone, which is named; UTC stays at hand", () => {
  document.body.innerHTML = `<time datetime="2026-03-04T05:06:07+00:00">4 Mar 2026, 05:06 UTC</time><time datetime="x">x</time>`;
  showLocalTimes(document);
  showLocalTimes(document);
  const [time, broken] = document.querySelectorAll("time");
  const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" })
    .formatToParts(new Date("2026-03-04T05:06:07Z"))
    .find(({ type }) => type === "timeZoneName")?.value;
  expect(zone).toBeTruthy();
  expect(time?.textContent).toContain(zone);
  expect(time?.textContent).toMatch(/Mar 2026/);
  expect(time?.title).toBe("4 Mar 2026, 05:06 UTC");
  expect(broken?.textContent).toBe("x");
});
