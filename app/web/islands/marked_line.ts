/** The line at fault: one decoration that moves with the text, and goes when its line is edited. */

import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, GutterMarker, gutterLineClass, type DecorationSet } from "@codemirror/view";
import { RangeSet } from "@codemirror/state";

/** The position of the line's beginning, or null for no mark. */
export const setMarkedLine = StateEffect.define<number | null>({
  map: (position, changes) => (position === null ? null : changes.mapPos(position)),
});

const decoration = Decoration.line({ class: "cm-fault", attributes: { "data-fault": "" } });

class FaultMarker extends GutterMarker {
  override elementClass = "cm-fault-gutter";
}
const marker = new FaultMarker();

const field = StateField.define<number | null>({
  create: () => null,
  update(position, transaction) {
    let marked = position;
    if (marked !== null && transaction.docChanged) {
      const line = transaction.startState.doc.lineAt(marked);
      marked = transaction.changes.touchesRange(line.from, line.to) ? null : transaction.changes.mapPos(marked);
    }
    for (const effect of transaction.effects) if (effect.is(setMarkedLine)) marked = effect.value;
    return marked;
  },
  provide: (marked) => [
    EditorView.decorations.from(marked, (position): DecorationSet =>
      position === null ? Decoration.none : Decoration.set([decoration.range(position)]),
    ),
    gutterLineClass.from(marked, (position) =>
      position === null ? RangeSet.empty : RangeSet.of([marker.range(position)]),
    ),
  ],
});

export const markedLine = field;
