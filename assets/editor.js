/* A source editor: CodeMirror 6 with Jinja over HTML, completion of what templates see, and complaints at their line.
   Loaded by the template pages alone. The editor owns its text: the server gives another one only under another `docKey`. */
import { createElement, useEffect, useRef } from "react";
import { Compartment, EditorState, Transaction } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers, placeholder as ghost } from "@codemirror/view";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { html, htmlCompletionSource } from "@codemirror/lang-html";
import { jinja } from "@codemirror/lang-jinja";
import { json } from "@codemirror/lang-json";
import { classHighlighter } from "@lezer/highlight";

const PAUSE = 300; // milliseconds without a key before the server hears of it

/* where the cursor stands: in a value, behind a bar, at the name of a block, or in no Jinja at all */
const place = (before) => {
  const value = before.lastIndexOf("{{"), block = before.lastIndexOf("{%");
  const begins = Math.max(value, block);
  if (begins < 0 || begins < Math.max(before.lastIndexOf("}}"), before.lastIndexOf("%}"))) return "";
  const inner = before.slice(begins + 2);
  if (/\|\s*\w*$/.test(inner)) return "filter";
  return block > value && /^[-+]?\s*\w*$/.test(inner) ? "block" : "value";
};

const source = (offers) => (context) => {
  const before = context.state.sliceDoc(Math.max(0, context.pos - 2000), context.pos);
  const kind = place(before);
  if (!kind) return htmlOf(context);
  const word = context.matchBefore(kind === "value" ? /[\w.[\]]*/ : /\w*/);
  if (!word || (word.from === word.to && !context.explicit && !/[{%|]\s*$/.test(before))) return null;
  const options = (offers.current || []).filter((o) => o.kind === kind).map((o) => ({ label: o.label, detail: o.detail, apply: o.apply || o.label }));
  return { from: word.from, options, validFor: /^[\w.[\]]*$/ };
};
const htmlOf = (context) => { try { return htmlCompletionSource(context); } catch { return null; } };

/* one line only: whatever brings a line break becomes a blank */
const single = EditorState.transactionFilter.of((tr) => {
  if (!tr.docChanged || tr.newDoc.lines === 1) return tr;
  const text = tr.newDoc.toString().replace(/\s*[\r\n]+\s*/g, " ");
  return [{ changes: { from: 0, to: tr.startState.doc.length, insert: text }, selection: { anchor: text.length } }];
});

const marks = (state, problems) => (problems || []).flatMap((p) => {
  if (p.line < 1) return [];
  const line = state.doc.line(Math.min(p.line, state.doc.lines));
  const from = Math.min(line.from + Math.max(0, p.column - 1), line.to);
  const word = /^[\w.]+|^\{[{%][^}%]*[}%]?\}?|^\S/.exec(state.sliceDoc(from, line.to));
  return [{ from, to: Math.min(line.to, from + (word ? word[0].length : 1)), severity: p.kind === "missing" ? "warning" : "error", message: p.text }];
});

export function Editor({ value, docKey, lang, label, describedby, problems, offers, line, readOnly, hint, onChange }) {
  const box = useRef(null), view = useRef(null), known = useRef([]), say = useRef(onChange), key = useRef(docKey), timer = useRef(0), waiting = useRef(null), names = useRef(new Compartment());
  say.current = onChange;
  known.current = offers;

  const flush = () => {
    clearTimeout(timer.current);
    const held = waiting.current;
    waiting.current = null;
    if (held) say.current?.(held.key, held.text);
  };
  const named = () => EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", ...(describedby ? { "aria-describedby": describedby } : {}) });
  const made = (text) => EditorState.create({
    doc: text ?? "",
    extensions: [
      lang === "json" ? json() : lang === "html" ? jinja({ base: html() }) : jinja(),
      syntaxHighlighting(classHighlighter), history(), drawSelection(), bracketMatching(), closeBrackets(), indentOnInput(), EditorView.lineWrapping,
      ...(line ? [single] : [lineNumbers(), highlightActiveLine(), lintGutter()]),
      ...(lang === "json" ? [] : [autocompletion({ override: [source(known)], icons: false })]),
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap].filter((k) => !(line && k.key === "Enter" && !k.mac && k.run?.name === "insertNewlineAndIndent"))),
      EditorState.readOnly.of(!!readOnly), ...(hint ? [ghost(hint)] : []),
      names.current.of(named()),
      EditorView.updateListener.of((u) => {
        if (!u.docChanged || u.transactions.every((t) => t.annotation(Transaction.remote))) return;
        waiting.current = { key: key.current, text: u.state.doc.toString() };
        clearTimeout(timer.current);
        timer.current = setTimeout(flush, PAUSE);
      }),
      EditorView.domEventHandlers({ blur: () => { flush(); return false; } }),
    ],
  });

  useEffect(() => {
    view.current = new EditorView({ state: made(value), parent: box.current });
    addEventListener("pagehide", flush);
    return () => { removeEventListener("pagehide", flush); flush(); view.current?.destroy(); view.current = null; };
  }, []);
  useEffect(() => {
    if (!view.current || key.current === docKey) return;
    flush();
    key.current = docKey;
    view.current.setState(made(value));
    view.current.dispatch(setDiagnostics(view.current.state, marks(view.current.state, problems)));
  }, [docKey]);
  useEffect(() => {
    view.current?.dispatch({ effects: names.current.reconfigure(named()) });
  }, [label, describedby]);
  useEffect(() => {
    const v = view.current;
    if (!v) return;
    v.dispatch(setDiagnostics(v.state, marks(v.state, problems)));
    if (v.hasFocus) v.dispatch({ effects: EditorView.scrollIntoView(v.state.selection.main.head) }); // the list of problems takes room
  }, [JSON.stringify(problems || [])]);

  return createElement("div", { ref: box, className: line ? "cm-box cm-line1" : "cm-box" });
}
