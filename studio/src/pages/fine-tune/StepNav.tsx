import { Group, Text, VisuallyHidden } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useWords } from "~/i18n/language";
import { type Step, STEPS } from "~/pages/fine-tune/draft";
import classes from "~/pages/fine-tune/fine-tune.module.css";
import { ofStep } from "~/pages/fine-tune/problems";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";
import { stepWords } from "~/pages/fine-tune/words";

/** The steps, each a link: with a tick where it is complete and was looked at, with a sign where something is wrong. */
export function StepNav({ current }: { current: Step }) {
  const say = useWords(sayings);
  const names = useWords(stepWords);
  const { problems, settled } = useSetup();
  const stateOf = (step: Step): "done" | "wrong" | "open" => {
    const mine = ofStep(problems, step).filter((problem) => !problem.isWarning);
    if (mine.some((problem) => problem.rule !== "missing")) return "wrong";
    return mine.length > 0 || step === "review" || !settled.has(step) ? "open" : "done";
  };
  const said = { done: say.isDone, wrong: say.hasErrors, open: say.isOpen };
  return (
    <nav aria-label={say.steps}>
      <Text size="sm" fw={600} hiddenFrom="md" mb={4}>{say.stepOf(STEPS.indexOf(current) + 1, STEPS.length)}: {names[current]}</Text>
      <ol className={classes.steps}>
        {STEPS.map((step, index) => {
          const state = stateOf(step);
          return (
            <li key={step}>
              <Link
                to="/fine-tune" search={(before) => ({ ...before, step })} className={classes.step} title={names[step]}
                aria-current={step === current ? "step" : undefined}
              >
                <span className={classes.number} data-state={state} aria-hidden>
                  {state === "done" ? <IconCheck size={14} /> : state === "wrong" ? <IconAlertTriangle size={14} /> : index + 1}
                </span>
                <Group component="span" gap={0} className={classes.stepName}>
                  {names[step]}<VisuallyHidden>, {said[state]}</VisuallyHidden>
                </Group>
              </Link>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
