import { afterEach, expect, test, vi } from "vitest";

import { followFolders } from "./preview";

afterEach(() => vi.unstubAllGlobals());

test("a page is shown anew once the folders are in another state, whatever else is answered before", async () => {
  const answers = [
    () => Promise.resolve(Response.json({ revision: "a-1" })),
    () => Promise.reject(new Error("no answer")),
    () => Promise.resolve(new Response("not JSON", { status: 503 })),
    () => Promise.resolve(Response.json({ revision: null })),
    () => Promise.resolve(Response.json({ revision: "a-2" })),
  ];
  const asked: string[] = [];
  vi.stubGlobal("fetch", (address: string) => {
    asked.push(address);
    return answers[asked.length - 1]?.();
  });
  const reload = vi.fn();
  await followFolders("a-1", reload, () => Promise.resolve());
  expect(asked).toEqual(Array<string>(5).fill("/preview/state"));
  expect(reload).toHaveBeenCalledOnce();
});
