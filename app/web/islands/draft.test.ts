import { beforeEach, expect, test } from "vitest";

import { Draft } from "./draft";

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

function draft(user: string, problem: string, tab: Storage = sessionStorage): Draft {
  return new Draft(localStorage, tab, user, problem);
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

test("a draft of one's own goes before a guest's", () => {
  draft("ada", "vit").write("mine");
  draft("guest", "vit").write("a guest's");
  expect(draft("ada", "vit").read()).toBe("mine");
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
  expect(drafted.write("x")).toBe(false);
});
