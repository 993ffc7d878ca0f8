/** CodeMirror in place of the plain text area, which keeps the code for the form. */

import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec, type Extension } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";

import { Draft } from "./draft";
import { markedLine, setMarkedLine } from "./marked_line";
import { pythonColours, theme } from "./editor_theme";

export type Mode = "run" | "submit";

export interface Editor {
  readonly code: string;
  /** Replaces the code; undo brings the old one back. */
  replace(code: string): void;
  /** Marks one line, 1-based; the mark moves with the text and goes when the line is edited. Only `focus` scrolls the page. */
  mark(line: number, options?: { focus?: boolean }): void;
  clearMark(): void;
}

export interface EditorOptions {
  problem: string;
  user: string;
  submit: (mode: Mode) => void;
}

export function mountEditor(textarea: HTMLTextAreaElement, options: EditorOptions): Editor {
  const draft = new Draft(window.localStorage, window.sessionStorage, options.user, options.problem);
  const source = textarea.dataset["source"] ?? "starter";
  const given = textarea.value;
  const drafted = draft.read();
  // Code that was chosen or refused goes before the draft, which undo then brings back.
  const wanted = source === "chosen" || source === "refused" ? given : (drafted ?? given);

  const host = document.createElement("div");
  host.className = "editor-host";
  textarea.after(host);
  textarea.hidden = true;

  const note = document.querySelector<HTMLElement>("[data-draft]");
  const changed = (code: string): void => {
    textarea.value = code;
    const saved = draft.write(code);
    if (note) note.textContent = saved ? "Draft saved in this browser" : "";
  };

  const view = new EditorView({
    // In a shadow root CodeMirror's styles are constructed sheets, which a policy against inline styles allows.
    parent: host.attachShadow({ mode: "open" }),
    state: EditorState.create({ doc: drafted ?? given, extensions: extensions(options.submit, changed, textarea) }),
  });

  const editor: Editor = {
    get code() {
      return view.state.doc.toString();
    },
    replace(code) {
      if (code === view.state.doc.toString()) return;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: code },
        effects: setMarkedLine.of(null),
        selection: { anchor: 0 },
        userEvent: "input.replace",
      });
    },
    mark(line, { focus = false } = {}) {
      if (line < 1 || line > view.state.doc.lines) return;
      const at = view.state.doc.line(line);
      view.dispatch({ effects: setMarkedLine.of(at.from) });
      if (focus) {
        view.dispatch({
          effects: EditorView.scrollIntoView(at.from, { y: "center" }),
          selection: { anchor: at.from + (/^\s*/.exec(at.text)?.[0].length ?? 0) },
        });
        view.focus();
      } else {
        // CodeMirror's own way scrolls the page too, and away from the verdict that is being read.
        const block = view.lineBlockAt(at.from);
        view.scrollDOM.scrollTop = block.top - (view.scrollDOM.clientHeight - block.height) / 2;
      }
    },
    clearMark() {
      view.dispatch({ effects: setMarkedLine.of(null) });
    },
  };

  if (wanted !== view.state.doc.toString()) editor.replace(wanted);
  textarea.value = editor.code;
  if (source === "chosen") forgetLoadedCode();

  for (const label of document.querySelectorAll<HTMLLabelElement>(`label[for=${textarea.id}]`)) {
    label.addEventListener("click", () => view.focus());
  }
  const starter = document.querySelector<HTMLTemplateElement>("template[data-starter]");
  document.querySelector("[data-load-starter]")?.addEventListener("click", (event) => {
    if (!starter) return;
    event.preventDefault();
    editor.replace(starter.content.textContent ?? "");
    view.focus();
  });
  return editor;
}

function extensions(
  submit: (mode: Mode) => void,
  changed: (code: string) => void,
  textarea: HTMLTextAreaElement,
): Extension[] {
  const run = (mode: Mode) => () => {
    submit(mode);
    return true;
  };
  return [
    Prec.highest(
      keymap.of([
        { key: "Mod-Enter", run: run("run"), preventDefault: true },
        { key: "Mod-Shift-Enter", run: run("submit"), preventDefault: true },
      ]),
    ),
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    EditorState.allowMultipleSelections.of(true),
    indentUnit.of("    "),
    EditorState.tabSize.of(4),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    python(),
    syntaxHighlighting(pythonColours),
    markedLine,
    theme,
    // Escape, then Tab leaves the editor: CodeMirror's own way out for the keyboard.
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
    EditorView.contentAttributes.of({
      "aria-label": "Your solution, Python. Escape and then Tab leaves the editor.",
      spellcheck: "false",
      autocorrect: "off",
      autocapitalize: "off",
      ...(textarea.getAttribute("aria-invalid") ? { "aria-invalid": "true" } : {}),
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) changed(update.state.doc.toString());
    }),
  ];
}

/** Or a reload would put the loaded code over what was written since. */
function forgetLoadedCode(): void {
  const address = new URL(window.location.href);
  address.searchParams.delete("load");
  window.history.replaceState(null, "", address);
}
