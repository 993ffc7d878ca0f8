/** A quiz question that answers at once: the picked choice is marked, in words too, and the explanation opens. */

export function mountQuestion(question: HTMLElement): void {
  const choices = [...question.querySelectorAll<HTMLElement>(".choice")];
  const answer = question.querySelector<HTMLDetailsElement>("details.answer");
  const said = document.createElement("p");
  said.className = "quiz-said";
  said.setAttribute("role", "status");
  question.querySelector("fieldset")?.append(said);

  const several = question.querySelector("input[type=checkbox]") !== null;
  if (several) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button second small";
    button.textContent = "Check";
    button.addEventListener("click", check);
    said.before(button);
  } else {
    question.addEventListener("change", check);
  }

  function check(): void {
    const right = choices.every((choice) => picked(choice) === isRight(choice));
    for (const choice of choices) {
      choice.classList.toggle("picked-right", picked(choice) && isRight(choice));
      choice.classList.toggle("picked-wrong", picked(choice) && !isRight(choice));
    }
    said.textContent = right ? "Right." : "Not quite. Try again, or open the answer.";
    said.classList.toggle("tone-right", right);
    said.classList.toggle("tone-wrong", !right);
    if (right && answer) answer.open = true;
  }
}

function picked(choice: HTMLElement): boolean {
  return choice.querySelector("input")?.checked ?? false;
}

function isRight(choice: HTMLElement): boolean {
  return choice.dataset["right"] === "yes";
}
