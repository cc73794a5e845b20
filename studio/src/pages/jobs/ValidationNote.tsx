import { Alert, Text } from "@mantine/core";
import { IconTrendingUp } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { shortNumber } from "~/chart/axis";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { isFinal, type Job, metricsQuery } from "./queries";
import { type Trouble, troublesOf, type Validation, validationOf } from "./validation";
import { validationWords } from "./validationWords";

export function useValidation(job: Job): Validation | null {
  return validationOf(useQuery({ ...metricsQuery(job.id), enabled: job.step > 0 }).data);
}

/** Says plainly that the validation loss has risen, and what to do about it; nothing where all is well. */
export function ValidationNote({ job }: { job: Job }) {
  const say = useWords(validationWords);
  const format = useFormat();
  const known = useValidation(job);
  const troubles = known ? troublesOf(known) : [];
  if (!known || troubles.length === 0) return null;
  const { start, lowest, last } = known;
  const isOver = isFinal(job);
  const [end, begin] = [shortNumber(last.value), shortNumber(start ?? 0)];
  const sentences: Record<Trouble, string> = {
    risen: say.risen(end, isOver, format.count(lowest.step), shortNumber(lowest.value)),
    above_start: troubles.length > 1 ? say.aboveStart(begin) : say.aboveStartAlone(end, isOver, begin),
    never_fell: say.neverFell(end, isOver, begin),
  };
  return (
    <Alert color="orange" icon={<IconTrendingUp aria-hidden />} title={troubles.includes("risen") ? say.title : say.titleNever}>
      {troubles.map((trouble) => <Text key={trouble} size="sm">{sentences[trouble]}</Text>)}
    </Alert>
  );
}

/** The start, the lowest and the last of all validations: those whose checkpoints were not kept as well. */
export function ValidationFigures({ job }: { job: Job }) {
  const say = useWords(validationWords);
  const format = useFormat();
  const known = useValidation(job);
  if (!known) return null;
  const { start, lowest, last } = known;
  const facts: [string, number][] = [
    ...(start === null || lowest.step === 0 ? [] : [[say.start, start] as [string, number]]),
    [lowest.step === 0 ? say.lowestAtStart : say.lowest(format.count(lowest.step)), lowest.value],
    [say.last(format.count(last.step)), last.value],
  ];
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>{say.figures}</Text>
      <dl className="jobs-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <Text component="dt" size="xs" c="dimmed">{name}</Text>
            <Text component="dd" m={0} fw={600} size="sm" className="jobs-figure">{shortNumber(value)}</Text>
          </div>
        ))}
      </dl>
    </div>
  );
}
