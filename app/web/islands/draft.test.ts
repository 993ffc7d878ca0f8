import { beforeEach, expect, test } from "vitest";

import { Draft } from "./draft";

beforeEach(() => localStorage.clear());

test("a draft is kept for each learner and problem", () => {
  new Draft(localStorage, "ada", "vit").write("x = 1");
  expect(new Draft(localStorage, "ada", "vit").read()).toBe("x = 1");
  expect(new Draft(localStorage, "ada", "mha").read()).toBeNull();
  expect(new Draft(localStorage, "bob", "vit").read()).toBeNull();
});

test("what a guest wrote becomes the draft of whoever signs up next, once", () => {
  new Draft(localStorage, "guest", "vit").write("as a guest");
  expect(new Draft(localStorage, "ada", "vit").read()).toBe("as a guest");
  expect(new Draft(localStorage, "bob", "vit").read()).toBeNull();
});

test("a draft of one's own goes before a guest's", () => {
  new Draft(localStorage, "ada", "vit").write("mine");
  new Draft(localStorage, "guest", "vit").write("a guest's");
  expect(new Draft(localStorage, "ada", "vit").read()).toBe("mine");
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
  const draft = new Draft(refusing, "ada", "vit");
  expect(draft.read()).toBeNull();
  expect(draft.write("x")).toBe(false);
});
