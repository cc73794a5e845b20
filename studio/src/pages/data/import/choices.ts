import { fillOf } from "~/pages/data/import/names";
import type { Mapping, Seen } from "~/pages/data/import/preview";

/** What somebody says of a file; what is null, empty or false is left to the server. */
export type Choices = {
  format: string | null;
  mapping: Mapping | null;
  encoding: string;
  delimiter: string;
  header: boolean | null;
  sheet: string;
  listLabels: boolean;
  output: string | null;
  refused: boolean;
  /** Addresses, one a line. */
  me: string;
  wholeThreads: boolean;
  keepLists: boolean;
  since: string;
  /** By the name that stands open. */
  fill: Record<string, string>;
};

export const NOTHING: Choices = {
  format: null, mapping: null, encoding: "", delimiter: "", header: null, sheet: "", listLabels: false, output: null, refused: false,
  me: "", wholeThreads: false, keepLists: false, since: "", fill: {},
};

/** Groups of settings. */
export type Group = "text" | "delimited" | "workbook" | "labels" | "continue" | "mail";

const TEXTS = ["lines", "array", "values", "delimited", "text"];

/** Those that mean something for a file as it is read now. */
export function groupsOf(seen: Seen | null, { format: chosen, mapping }: Choices): ReadonlySet<Group> {
  const [format, holder] = [chosen ?? seen?.format, seen?.holder ?? ""];
  const isTable = (seen?.columns.length ?? 0) > 0;
  const has: Record<Group, boolean> = {
    mail: format === "mail",
    continue: format === "continue",
    text: TEXTS.includes(holder) && format !== "mail",
    delimited: holder === "delimited",
    workbook: holder === "excel",
    labels: isTable && (mapping ?? seen?.mapping)?.label !== undefined,
  };
  return new Set((Object.keys(has) as Group[]).filter((group) => has[group]));
}

/** What an import is asked to do: only what was chosen and fits, so that the server decides the rest. */
export function settingsOf(choices: Choices, groups: ReadonlySet<Group>): Record<string, unknown> {
  const { format, mapping, encoding, delimiter, header, sheet, listLabels, output, refused, wholeThreads, keepLists, since } = choices;
  const fill = fillOf(choices.fill);
  const me = choices.me.split(/[\s,;]+/).filter((each) => each !== "");
  const said: [Group | null, string, unknown, boolean][] = [
    [null, "format", format, format !== null],
    [null, "mapping", mapping, mapping !== null],
    [null, "fill", fill, Object.keys(fill).length > 0],
    ["text", "encoding", encoding.trim(), encoding.trim() !== ""],
    ["delimited", "delimiter", delimiter, delimiter !== ""],
    ["delimited", "header", header, header !== null],
    ["workbook", "sheet", sheet.trim(), sheet.trim() !== ""],
    ["labels", "list_labels", true, listLabels],
    ["continue", "continue_output", output, output !== null],
    ["continue", "refused", true, refused],
    ["mail", "me", me, me.length > 0],
    ["mail", "whole_threads", true, wholeThreads],
    ["mail", "keep_lists", true, keepLists],
    ["mail", "since", since, /^\d{4}-\d{2}-\d{2}$/.test(since)],
  ];
  return Object.fromEntries(said.filter(([group, , , isSaid]) => isSaid && (group === null || groups.has(group))).map(([, name, value]) => [name, value]));
}
