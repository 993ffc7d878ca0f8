import { beforeEach, expect, test } from "vitest";

import { Draft } from "./draft";

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

function draft(user: string, problem: string, latest = ""): Draft {
  return new Draft(localStorage, sessionStorage, user, problem, latest);
}

test("a draft is kept for each learner and problem", () => {
  draft("ada", "vit").write("x = 1");
  expect(draft("ada", "vit").read()).toBe("x = 1");
  expect(draft("ada", "mha").read()).toBeNull();
  expect(draft("bob", "vit").read()).toBeNull();
});

test("what a guest wrote becomes the draft of whoever signs up in the same tab, once", () => {
  draft("guest", "vit").write("as a guest");
  expect(draft("ada", "vit").read()).toBe("as a guest");
  expect(draft("bob", "vit").read()).toBeNull();
  expect(draft("guest", "vit").read()).toBeNull();
});

test("what a guest wrote is not handed to whoever signs in later", () => {
  draft("guest", "vit").write("as a guest");
  sessionStorage.clear();
  expect(draft("ada", "vit").read()).toBeNull();
  expect(draft("guest", "vit").read()).toBe("as a guest");
});

test("what a guest wrote goes before an older draft, which is kept", () => {
  draft("ada", "vit").write("mine");
  draft("guest", "vit").write("a guest's");
  const ada = draft("ada", "vit");
  expect(ada.read()).toBe("a guest's");
  expect(ada.other("a guest's")?.code).toBe("mine");
});

test("two tabs never overwrite each other: the second one's code is kept beside, and both know", () => {
  const [first, second] = [draft("ada", "vit"), draft("ada", "vit")];
  first.read();
  second.read();
  expect(first.write("first")).toBe("saved");
  expect(second.write("sec")).toBe("overtaken");
  expect(second.write("second")).toBe("overtaken");
  expect(second.other("second")).toMatchObject({ code: "first", isOfAnotherTab: true });
  expect(first.write("first, more")).toBe("saved");
  expect(first.other("first, more")).toMatchObject({ code: "second", isOfAnotherTab: false });
  const later = draft("ada", "vit");
  expect(later.read()).toBe("first, more");
  expect(later.other("first, more")?.code).toBe("second");
});

test("a tab that goes on with its own keeps the other's", () => {
  const [first, second] = [draft("ada", "vit"), draft("ada", "vit")];
  first.read();
  second.read();
  first.write("first");
  second.write("second");
  second.take("second");
  expect(second.other("second")).toMatchObject({ code: "first", isOfAnotherTab: false });
  expect(first.other("first")).toMatchObject({ code: "second", isOfAnotherTab: true });
  second.forget("first");
  expect(second.other("second")).toBeNull();
});

test("a draft that knows nothing of the newest submission is older", () => {
  draft("ada", "vit", "one").write("x");
  expect(draft("ada", "vit", "one").isOlderThanLatest).toBe(false);
  expect(draft("ada", "vit", "two").isOlderThanLatest).toBe(true);
  expect(draft("ada", "vit", "").isOlderThanLatest).toBe(false);
});

test("once it was sent in, the draft rests on that submission", () => {
  const drafted = draft("ada", "vit", "one");
  drafted.read();
  drafted.write("x");
  drafted.sentIn("two");
  expect(draft("ada", "vit", "two").isOlderThanLatest).toBe(false);
});

test("a draft of a time before drafts had tokens is still read, and not taken for newer than a submission", () => {
  localStorage.setItem("jaxercise:draft:ada:vit", "x = 1");
  const drafted = draft("ada", "vit", "one");
  expect(drafted.read()).toBe("x = 1");
  expect(drafted.isOlderThanLatest).toBe(true);
  expect(drafted.write("x = 2")).toBe("saved");
});

test("code that reads as JSON is code", () => {
  localStorage.setItem("jaxercise:draft:ada:vit", '{"code": 1}');
  expect(draft("ada", "vit").read()).toBe('{"code": 1}');
});

test("what a guest wrote stays where it is while there is no room for it twice", () => {
  draft("guest", "vit").write("as a guest");
  const full = {
    getItem: (key: string) => localStorage.getItem(key),
    removeItem: (key: string) => localStorage.removeItem(key),
    setItem: () => {
      throw new Error("full");
    },
  } as unknown as Storage;
  new Draft(full, sessionStorage, "ada", "vit").read();
  expect(draft("guest", "vit").read()).toBe("as a guest");
  expect(draft("ada", "vit").read()).toBe("as a guest");
});

test("a browser that keeps nothing is no error", () => {
  const refusing = {
    getItem: () => {
      throw new Error("denied");
    },
    setItem: () => {
      throw new Error("full");
    },
  } as unknown as Storage;
  const drafted = new Draft(refusing, refusing, "ada", "vit");
  expect(drafted.read()).toBeNull();
  expect(drafted.write("x")).toBe("failed");
});
