/** One wrong edit of a source. */
export interface Mutant {
  readonly source: string;
  /** From 1. */
  readonly line: number;
  readonly rule: string;
  /** The line as it was, and as the mutant has it, trimmed. */
  readonly before: string;
  readonly after: string;
  /** The whole source with the edit. */
  readonly text: string;
}

interface Edit {
  readonly rule: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** What one token becomes. Spaces belong to the pattern: `a - b`, not `-1`; `=>` and type arguments stay. */
const SWAPS: readonly (readonly [rule: string, pattern: RegExp, replacements: readonly string[]])[] = [
  ["comparison", / < /g, [" <= ", " >= "]],
  ["comparison", / <= /g, [" < ", " > "]],
  ["comparison", / > /g, [" >= ", " <= "]],
  ["comparison", / >= /g, [" > ", " < "]],
  ["comparison", / == /g, [" != "]],
  ["comparison", / != /g, [" == "]],
  ["arithmetic", / \+ /g, [" - "]],
  ["arithmetic", / - /g, [" + "]],
  ["arithmetic", / \* /g, [" / "]],
  ["arithmetic", / \/ /g, [" * "]],
  ["arithmetic", / % /g, [" / "]],
  ["arithmetic", / \+= /g, [" -= ", " = "]],
  ["arithmetic", / -= /g, [" += ", " = "]],
  ["arithmetic", / >> /g, [" << "]],
  ["arithmetic", / << /g, [" >> "]],
  ["step", /\+\+/g, ["--"]],
  ["step", /--/g, ["++"]],
  ["logic", / && /g, [" || "]],
  ["logic", / \|\| /g, [" && "]],
  ["logic", /(?<=[( ])!(?=[A-Za-z_(])/g, [""]],
  ["constant", /\btrue\b/g, ["false"]],
  ["constant", /\bfalse\b/g, ["true"]],
  ["constant", /(?<![\w.\]])0(?![\w.])/g, ["1"]],
  ["constant", /(?<![\w.\]])1(?![\w.])/g, ["0", "2"]],
  ["constant", /(?<![\w.\]])[2-9](?![\w.])/g, ["1"]],
  ["constant", /(?<![\w.\]])\d[\d_]+(?![\w.])/g, ["1"]],
  ["choice", / \? /g, [" || true ? ", " && false ? "]],
  ["extreme", /\bMath\.min\b/g, ["Math.max"]],
  ["extreme", /\bMath\.max\b/g, ["Math.min"]],
  ["guard", / restricted(?= )/g, [""]],
  ["guard", / nonReentrant(?= )/g, [""]],
];

/** Comments and strings as spaces of the same length: what is left is code. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"/g, (found) => found.replace(/[^\n]/g, " "));
}

/** Spans of function bodies and headers, the constructor's and modifiers' included. */
function functionSpans(code: string): readonly (readonly [number, number])[] {
  const spans: [number, number][] = [];
  for (const found of code.matchAll(/\b(?:function\s+\w+|constructor|modifier\s+\w+|receive|fallback)\s*\(/g)) {
    const open = /[{;]/g;
    open.lastIndex = found.index;
    const begin = open.exec(code);
    if (begin === null || begin[0] === ";") continue;
    let depth = 0;
    for (let at = begin.index; at < code.length; ++at) {
      if (code[at] === "{") ++depth;
      if (code[at] === "}" && --depth === 0) {
        spans.push([found.index, at + 1]);
        break;
      }
    }
  }
  return spans;
}

/** Statements on one line that write, emit or call: each may be missing. So may one of several values' assignment. */
const STATEMENT =
  /^[ \t]+(?:(?:emit|delete) [^\n;]*|[A-Za-z_][\w.[\]()]*(?: [-+|&]?= [^\n;]*|(?:\+\+|--)|\([^\n;]*\))|\([\w.[\]]*(?:, ?[\w.[\]]+)*(?:, )?\) = [^\n;]*|(?:\+\+|--)[\w.]+);[ \t]*$/gm;

function editsOf(text: string): readonly Edit[] {
  const code = codeOf(text);
  const spans = functionSpans(code);
  const inFunction = (at: number): boolean => spans.some(([start, end]) => at >= start && at < end);
  const constant = (at: number): boolean => {
    const line = code.slice(code.lastIndexOf("\n", at) + 1, code.indexOf("\n", at));
    return / constant /.test(line) && code.lastIndexOf(" = ", at) > code.lastIndexOf("\n", at);
  };
  const edits: Edit[] = [];
  for (const [rule, pattern, replacements] of SWAPS) {
    for (const { index, 0: found } of code.matchAll(pattern)) {
      if (!inFunction(index) && !(rule === "constant" && constant(index))) continue;
      for (const replacement of replacements) {
        edits.push({ rule, start: index, end: index + found.length, replacement });
      }
    }
  }
  for (const { index, 0: found } of code.matchAll(STATEMENT)) {
    if (inFunction(index)) edits.push({ rule: "statement", start: index, end: index + found.length, replacement: "" });
  }
  return [...edits, ...branchEdits(code)];
}

/** Conditions that always or never hold. That a revert always happens needs no mutant: no test would pass. */
function branchEdits(code: string): readonly Edit[] {
  const edits: Edit[] = [];
  for (const { index } of code.matchAll(/\bif \(/g)) {
    const start = index + "if (".length;
    let end = start;
    for (let depth = 1; depth > 0 && end < code.length; ++end) {
      if (code[end] === "(") ++depth;
      if (code[end] === ")") --depth;
    }
    const reverts = /^\s*\{?\s*revert\b/.test(code.slice(end));
    for (const replacement of reverts ? ["false"] : ["false", "true"]) {
      edits.push({ rule: "branch", start, end: end - 1, replacement });
    }
  }
  return edits;
}

/** Every mutant of a source, in the order of its text. */
export function mutantsOf(source: string, text: string): readonly Mutant[] {
  return [...editsOf(text)]
    .sort((a, b) => a.start - b.start || a.replacement.localeCompare(b.replacement))
    .map(({ rule, start, end, replacement }) => {
      const mutated = text.slice(0, start) + replacement + text.slice(end);
      const from = text.lastIndexOf("\n", start) + 1;
      const until = text.indexOf("\n", end);
      return {
        source,
        line: text.slice(0, start).split("\n").length,
        rule,
        before: text.slice(from, until).trim(),
        after: mutated.slice(from, until + replacement.length - (end - start)).trim(),
        text: mutated,
      };
    });
}
