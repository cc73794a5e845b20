import { Anchor, Text } from "@mantine/core";
import { Fragment, type ReactNode } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { FieldProblem } from "~/pages/fine-tune/problems";
import { sayings } from "~/pages/fine-tune/say";
import { settingOf, VALIDATION_SPLIT, type Kind } from "~/pages/fine-tune/settings";
import { useSetup } from "~/pages/fine-tune/useSetup";

/** Says what is wrong with a field: the server's own sentence and hint, or what the field may hold. */
export function useSentence(): (problem: FieldProblem) => string {
  const say = useWords(sayings);
  const limits = useLimits();
  const said = useSaid();
  return ({ path, rule, message, hint }) => {
    if (rule === "missing") return say.missing[path] ?? path;
    if (rule === "not_both") return say.notBoth[path] ?? path;
    if (rule === "server") return [message, hint].map((part) => part && said(part)).filter(Boolean).join(" — ");
    const kind = path === "validation_split" ? VALIDATION_SPLIT : settingOf(path)?.kind;
    return say.notAllowed[path] ?? (kind ? limits(kind) : path);
  };
}

/** What a setting may be, as a sentence. */
export function useLimits(): (kind: Kind) => string {
  const say = useWords(sayings);
  const format = useFormat();
  return (kind) => {
    if (kind.kind === "names") return say.names;
    if (kind.kind === "choice" || kind.kind === "switch") return say.oneOf;
    const most = kind.most === null ? null : format.count(kind.most);
    const sentence = kind.kind === "whole" ? say.wholeFrom(format.count(kind.least), most) : say.numberIn(format.number(kind.least), kind.isAbove, most, kind.isBelow);
    return kind.takesAuto ? `${sentence} ${say.orAuto}` : sentence;
  };
}

/** The field's errors, for the `error` of an input; null where it is right. */
export function useErrorOf(path: string): ReactNode {
  const { problems } = useSetup();
  const sentence = useSentence();
  const mine = problems.filter((problem) => problem.path === path && !problem.isWarning && problem.rule !== "missing");
  if (mine.length === 0) return null;
  return mine.map((problem, index) => (
    <Fragment key={index}>{index > 0 && <br />}{sentence(problem)}</Fragment>
  ));
}

export function Worth({ children }: { children: ReactNode }) {
  return <Text size="sm" c="dimmed" component="div">{children}</Text>;
}

export function JumpTo({ id, children }: { id: string; children: ReactNode }) {
  const go = (event: React.MouseEvent) => {
    const field = document.getElementById(id);
    if (!field) return;
    event.preventDefault();
    field.scrollIntoView({ block: "center" });
    field.focus();
  };
  return <Anchor href={`#${id}`} onClick={go} c="inherit" td="underline" size="sm">{children}</Anchor>;
}
