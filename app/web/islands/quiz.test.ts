import { expect, test } from "vitest";

import { mountQuestion } from "./quiz";

function question(type: "radio" | "checkbox"): HTMLElement {
  document.body.innerHTML = `<div class="question"><fieldset>
    <label class="choice" data-right="no"><input type="${type}" name="q" value="1">wrong</label>
    <label class="choice" data-right="yes"><input type="${type}" name="q" value="2">right</label>
    <label class="choice" data-right="${type === "radio" ? "no" : "yes"}"><input type="${type}" name="q" value="3">third</label>
    </fieldset><details class="answer"></details></div>`;
  const element = document.querySelector<HTMLElement>(".question");
  if (!element) throw new Error("no question");
  mountQuestion(element);
  return element;
}

function pick(element: HTMLElement, value: number): void {
  const input = element.querySelector<HTMLInputElement>(`input[value="${value}"]`);
  if (!input) throw new Error("no such choice");
  input.checked = true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

const said = (element: HTMLElement): string => element.querySelector("[role=status]")?.textContent ?? "";
const explained = (element: HTMLElement): boolean => element.querySelector("details")?.open ?? false;

test("a wrong choice is said to be wrong, and the explanation stays closed", () => {
  const element = question("radio");
  pick(element, 1);
  expect(said(element)).toMatch(/^Not quite/);
  expect(explained(element)).toBe(false);
});

test("the right choice says so and opens the explanation", () => {
  const element = question("radio");
  pick(element, 2);
  expect(said(element)).toBe("Right.");
  expect(explained(element)).toBe(true);
});

test("with several right choices all of them are asked for, at a press of Check", () => {
  const element = question("checkbox");
  const check = element.querySelector("button");
  pick(element, 2);
  expect(said(element)).toBe("");
  check?.click();
  expect(said(element)).toMatch(/^Not quite/);
  pick(element, 3);
  check?.click();
  expect(said(element)).toBe("Right.");
});
