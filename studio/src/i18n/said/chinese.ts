import { API } from "~/i18n/said/api";
import { CERTIFICATES } from "~/i18n/said/certificates";
import { CONTENT } from "~/i18n/said/content";
import { FILES } from "~/i18n/said/files";
import { bestFirst, type Form, formOf, partsOf } from "~/i18n/said/forms";
import { IMPORTS } from "~/i18n/said/imports";
import { JOBS } from "~/i18n/said/jobs";
import { MAIL } from "~/i18n/said/mail";
import { OPERATIONS } from "~/i18n/said/operations";
import { REASONS } from "~/i18n/said/reasons";
import { REQUESTS } from "~/i18n/said/requests";
import { ROWS } from "~/i18n/said/rows";
import { SERVING } from "~/i18n/said/serving";
import { TABLES } from "~/i18n/said/tables";

/**
 * The server says its sentences in English. In Chinese they are said again here, by their form: `{}` is what a sentence
 * was filled with. One that is not known stays as it is, because a sentence in another language is better than none.
 */
const IN_CHINESE: Record<string, string> = {
  ...IMPORTS, ...TABLES, ...MAIL, ...OPERATIONS, ...REASONS, ...ROWS, ...FILES, ...CONTENT, ...JOBS, ...CERTIFICATES, ...REQUESTS, ...SERVING, ...API,
};

const EXACT = new Map(Object.entries(IN_CHINESE).filter(([english]) => !english.includes("{}")));
const FORMS: readonly Form[] = bestFirst(Object.entries(IN_CHINESE).filter(([english]) => english.includes("{}")).map(([english, chinese]) => formOf(english, chinese)));

/** No sentence of the server is longer, and none stands in another deeper. */
const LONGEST = 20_000;
const DEEPEST = 6;
/** A form may hold so many sentences. */
const MOST_SENTENCES = 3;
/** A reason gives no more of them. */
const MOST_CLAUSES = 8;

export function saidInChinese(sentence: string): string {
  return sentence.length <= LONGEST ? (inChinese(sentence, 0) ?? sentence) : sentence;
}

/** Null where not a word of it is known. */
function inChinese(text: string, depth: number): string | null {
  if (depth > DEEPEST) return null;
  const sentences = text.split(/(?<=[.?]) |\n(?:→ )?/);
  if (sentences.length > 1) {
    const found = eachInChinese(sentences, depth);
    if (found.areAllKnown) return joined(found.said);
    return one(text, depth) ?? (found.isAnyKnown ? joined(found.said) : null);
  }
  return one(text, depth);
}

function eachInChinese(sentences: readonly string[], depth: number) {
  const said: string[] = [];
  let numKnown = 0;
  for (let at = 0; at < sentences.length; ) {
    let count = Math.min(MOST_SENTENCES, sentences.length - at - (at === 0 ? 1 : 0));
    let known: string | null = null;
    // The shortest first: a long one may be one sentence whose hole holds another.
    for (let tried = 1; tried <= count && known === null; tried += 1) {
      known = one(sentences.slice(at, at + tried).join(" "), depth);
      if (known !== null) count = tried;
    }
    said.push(known ?? (sentences[at] ?? ""));
    numKnown += known === null ? 0 : 1;
    at += known === null ? 1 : count;
  }
  return { said, areAllKnown: numKnown === said.length, isAnyKnown: numKnown > 0 };
}

/** One sentence, or what the server makes of several: lists of findings, a finding with its rule, a message with its hint. */
function one(text: string, depth: number): string | null {
  const exact = EXACT.get(text);
  if (exact !== undefined) return exact;
  return finding(text, depth) ?? place(text, depth) ?? listed(text, depth) ?? tried(text, depth) ?? clauses(text, depth) ?? formed(text, depth) ?? withHint(text, depth) ?? alternatives(text, depth);
}

function formed(text: string, depth: number): string | null {
  for (const form of FORMS) {
    const parts = partsOf(text, form);
    if (parts === null) continue;
    const said = form.say(parts, (part) => inChinese(part, depth + 1));
    if (said !== null) return said;
  }
  return null;
}

/** `file:3:5 (messages[0]): message [rule] → hint` */
function finding(text: string, depth: number): string | null {
  const found = /^(?:([^\s:]+\.jsonl?(?::\d+)*(?: \([^()]*\))?|\([^()]*\)): )?(.+) \[([a-z0-9_]+)\] → (.*)$/s.exec(text.trimStart());
  if (!found) return null;
  const [, where, message = "", rule, hint = ""] = found;
  return `${where ? `${where}：` : ""}${inChinese(message, depth + 1) ?? message} [${rule}] → ${inChinese(hint, depth + 1) ?? hint}`;
}

/** `line 3, column 5 (messages[0]): message` */
function place(text: string, depth: number): string | null {
  if (splitList(text).length > 1) return null;
  const found = /^line ([\d,]+)(?:, column ([\d,]+))?(?: \(([^()]+)\))?: (.+)$/s.exec(text);
  if (!found) return null;
  const [, line, column, path, message = ""] = found;
  return `第 ${line} 行${column ? `第 ${column} 列` : ""}${path ? `（${path}）` : ""}：${inChinese(message, depth + 1) ?? message}`;
}

function listed(text: string, depth: number): string | null {
  const each = splitList(text);
  return each.length > 1 && /^line \d/.test(text) ? each.map((part) => inChinese(part, depth + 1) ?? part).join("；") : null;
}

/** `Cause once.` and `Cause 3 times without getting further.` */
function tried(text: string, depth: number): string | null {
  const found = /^(.+) (?:once|(\d+) times without getting further)\.$/s.exec(text);
  const cause = found && inChinese(found[1] ?? "", depth + 1);
  return found && cause ? `${cause}，${found[2] ? `已发生 ${found[2]} 次且没有进展` : "已发生一次"}。` : null;
}

const splitList = (text: string) => text.split(/; (?=line \d|and \d|[\d,]+ more stand )/);

/** `Message. (hint)` and `message; hint.` */
function withHint(text: string, depth: number): string | null {
  const bracketed = /^([^(]+) \((.+)\)$/s.exec(text) ?? /^(.+\.) \((.+)\)$/s.exec(text);
  if (bracketed) {
    const [message, hint] = [inChinese(bracketed[1] ?? "", depth + 1), codePoint(bracketed[2] ?? "") ?? inChinese(bracketed[2] ?? "", depth + 1)];
    if (message !== null && hint !== null) return `${message}（${hint}）`;
  }
  if (!/[.?]$/.test(text)) return null;
  for (let at = text.indexOf("; "); at >= 0; at = text.indexOf("; ", at + 1)) {
    const [message, hint] = [inChinese(text.slice(0, at), depth + 1), inChinese(text.slice(at + 2, text.endsWith("?") ? undefined : -1), depth + 1)];
    if (message !== null && hint !== null) return `${message}；${hint}${text.endsWith("?") ? "" : "。"}`;
  }
  return null;
}

/** A character's number is the same in every language. */
function codePoint(text: string): string | null {
  return /^U\+[0-9A-F]{4,6}$/.test(text) ? text : null;
}

/** `clause; clause`, all of them known; a clause may have a semicolon of its own. */
function clauses(text: string, depth: number): string | null {
  const each = text.split("; ");
  if (each.length < 2 || each.length > MOST_CLAUSES || splitList(text).length > 1) return null;
  const said: string[] = [];
  for (let at = 0; at < each.length; ) {
    let count = Math.min(MOST_SENTENCES, each.length - at - (at === 0 ? 1 : 0));
    let known: string | null = null;
    for (let tried = 1; tried <= count && known === null; tried += 1) {
      const clause = each.slice(at, at + tried).join("; ");
      known = EXACT.get(clause) ?? formed(clause, depth + 1);
      if (known !== null) count = tried;
    }
    if (known === null) return null;
    said.push(known);
    at += count;
  }
  return said.join("；");
}

function alternatives(text: string, depth: number): string | null {
  const each = text.split(", or ");
  if (each.length < 2) return null;
  const said = each.map((part) => inChinese(part, depth + 1));
  return said.every((part) => part !== null) ? said.join("，或") : null;
}

/** Chinese sentences stand side by side; a space parts what is not Chinese. */
function joined(sentences: readonly string[]): string {
  return sentences.reduce((before, next) => (/[。：？！；，）]$/.test(before) ? before + next : `${before} ${next}`));
}
