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
import { mountVersions } from "./versions";
import { pythonColours, theme } from "./editor_theme";

export type Mode = "run" | "submit";

export interface Editor {
  readonly code: string;
  /** Whether this browser keeps the code, so that the page may be left. */
  readonly isSaved: boolean;
  /** Says that the code was sent in, as the submission of this id. */
  sentIn(id: string): void;
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
  const draft = new Draft(
    window.localStorage,
    window.sessionStorage,
    options.user,
    options.problem,
    textarea.dataset["latest"] ?? "",
  );
  const begin = beginning(textarea, draft);

  const host = document.createElement("div");
  host.className = "editor-host";
  textarea.after(host);
  textarea.hidden = true;

  const note = document.querySelector<HTMLElement>("[data-draft]");
  let isSaved = true;
  const changed = (code: string): void => {
    textarea.value = code;
    const written = draft.write(code);
    isSaved = written !== "failed";
    if (note) {
      note.textContent = isSaved ? "Draft saved in this browser" : "Not saved: this browser keeps no draft";
      note.classList.toggle("warning", !isSaved);
    }
    versions.show();
  };
  window.addEventListener("beforeunload", (event) => {
    if (!isSaved) event.preventDefault();
  });

  const view = new EditorView({
    // In a shadow root CodeMirror's styles are constructed sheets, which a policy against inline styles allows.
    parent: host.attachShadow({ mode: "open" }),
    state: EditorState.create({ doc: begin.code, extensions: extensions(options.submit, changed, textarea) }),
  });

  const editor: Editor = {
    get code() {
      return view.state.doc.toString();
    },
    get isSaved() {
      return isSaved;
    },
    sentIn(id) {
      draft.sentIn(id);
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

  const versions = mountVersions({
    draft,
    before: host,
    code: () => editor.code,
    replace: (code) => editor.replace(code),
  });
  if (begin.instead !== null) editor.replace(begin.instead);
  textarea.value = editor.code;
  versions.show(begin.reason);
  if (["chosen", "kept", "refused"].includes(textarea.dataset["source"] ?? "")) forgetHowItCame(options.problem);

  for (const label of document.querySelectorAll<HTMLLabelElement>(`label[for=${textarea.id}]`)) {
    label.addEventListener("click", () => view.focus());
  }
  for (const link of document.querySelectorAll("[data-to-editor]")) {
    link.addEventListener("click", (event) => {
      // Followed, the link would give the focus to the section around it.
      event.preventDefault();
      view.focus();
      view.dom.scrollIntoView({ block: "nearest" });
    });
  }
  const starter = document.querySelector<HTMLTemplateElement>("template[data-starter]");
  document.querySelector("[data-load-starter]")?.addEventListener("click", (event) => {
    if (!starter) return;
    event.preventDefault();
    draft.keep({ code: editor.code, at: Date.now() });
    editor.replace(starter.content.textContent ?? "");
    view.focus();
  });
  return editor;
}

interface Beginning {
  /** What the editor starts with, and undo leads back to. */
  code: string;
  /** What stands in it in the place of that; null where that stays. */
  instead: string | null;
  /** Why there is another version, where that is not plain. */
  reason?: string;
}

/** Decides between what the server sent, what was typed before there was an editor, and the browser's draft. */
function beginning(textarea: HTMLTextAreaElement, draft: Draft): Beginning {
  const given = textarea.defaultValue;
  const drafted = draft.read();
  // Typed while the script was on its way.
  const typed = [given, drafted].includes(textarea.value) ? null : textarea.value;
  // From here on the draft keeps it; what a browser brings back by itself could hide newer code.
  textarea.autocomplete = "off";
  const isGivenFirst = ["chosen", "refused", "kept"].includes(textarea.dataset["source"] ?? "");
  const isOld = drafted !== null && drafted !== given && draft.isOlderThanLatest;
  const instead = typed ?? (isGivenFirst || isOld ? given : null);
  if (drafted === null || instead === null || drafted === instead) {
    return { code: drafted ?? given, instead: instead === (drafted ?? given) ? null : instead };
  }
  draft.keep({ code: drafted, at: draft.writtenAt });
  const reason = "Newer code was sent in from elsewhere, and stands here. The draft of this browser is kept.";
  return typed === null && isOld && !isGivenFirst ? { code: drafted, instead, reason } : { code: drafted, instead };
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
        // On a Mac besides Command, since many a page says Control.
        { key: "Ctrl-Enter", run: run("run"), preventDefault: true },
        { key: "Ctrl-Shift-Enter", run: run("submit"), preventDefault: true },
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
      // It can be focused as it is; those who look for what can read it off this.
      tabindex: "0",
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

/** Or a reload would put the loaded code over what was written since, or sign in once more. */
function forgetHowItCame(problem: string): void {
  const address = new URL(window.location.href);
  address.pathname = `/problems/${problem}`;
  address.searchParams.delete("load");
  window.history.replaceState(null, "", address);
}
