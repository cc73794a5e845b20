import { Alert, List } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Ref } from "react";
import { useWords } from "~/i18n/language";
import { JumpTo, useSentence } from "~/pages/fine-tune/Fields";
import { fieldId, type FieldProblem, stepOf } from "~/pages/fine-tune/problems";
import { sayings } from "~/pages/fine-tune/say";
import { isSetting } from "~/pages/fine-tune/settings";
import { settingWords, stepWords } from "~/pages/fine-tune/words";

type Props = {
  problems: readonly FieldProblem[];
  /** Leads to the steps where the fields are, rather than to fields of this one. */
  isForAll?: boolean;
  ref?: Ref<HTMLDivElement>;
};

/** All that is to settle, each a way to its field. Takes the focus, so that it is read out. */
export function ProblemSummary({ problems, isForAll = false, ref }: Props) {
  const say = useWords(sayings);
  const names = useWords(stepWords);
  const settings = useWords(settingWords);
  const sentence = useSentence();
  const errors = problems.filter((problem) => !problem.isWarning);
  if (errors.length === 0) return null;
  const nameOf = ({ path }: FieldProblem) => (isSetting(path) ? settings[path].label : names[stepOf(path)]);
  return (
    <Alert ref={ref} tabIndex={-1} color="red" role="alert" icon={<IconAlertTriangle size={18} aria-hidden />} title={say.summary(errors.length)}>
      <List size="sm" spacing={4}>
        {errors.map((problem, index) => (
          <List.Item key={index} style={{ overflowWrap: "anywhere" }}>
            {isForAll && stepOf(problem.path) !== "review" ? (
              <Link to="/fine-tune" search={{ step: stepOf(problem.path) }} hash={fieldId(problem.path)} style={{ color: "inherit" }}>
                {nameOf(problem)}
              </Link>
            ) : (
              <JumpTo id={fieldId(problem.path)}>{nameOf(problem)}</JumpTo>
            )}
            {": "}{sentence(problem)}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
