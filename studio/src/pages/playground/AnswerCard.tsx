import { ActionIcon, Badge, Button, CopyButton, Group, Loader, Stack, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconPlayerStopFilled, IconRefresh } from "@tabler/icons-react";
import { Fragment } from "react";
import { frame } from "~/components/words";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { shortName } from "~/pages/models/names";
import { type Answer, isUnderWay, numTokens, tokensPerSecond } from "~/pages/playground/answer";
import { AnswerProblem, useSecondsUntil } from "~/pages/playground/AnswerProblem";
import { AnswerText } from "~/pages/playground/AnswerText";
import type { View } from "~/pages/playground/kept";
import styles from "~/pages/playground/playground.module.css";
import { playgroundWords } from "~/pages/playground/words";

type Props = {
  answer: Answer | undefined;
  model: string;
  view: View;
  /** The first column's text, where this one is compared with it. */
  compared: string | null;
  isLast: boolean;
  ask: () => void;
  retry: () => void;
  stop: () => void;
};

/** One column's answer in one turn: its text, what went wrong, its figures, and what can be done with it. */
export function AnswerCard({ answer, model, view, compared, isLast, ask, retry, stop }: Props) {
  const say = useWords(playgroundWords);
  const seconds = useSecondsUntil(answer?.problem?.retryAt ?? null);
  if (!answer) {
    return (
      <div className={styles.answer}>
        <Whose model={model} />
        <Text size="sm" c="dimmed">{say.notAsked}</Text>
        {isLast && <Button mt={6} size="compact-sm" variant="light" onClick={ask}>{say.ask}</Button>}
      </div>
    );
  }
  return (
    <article className={styles.answer} aria-label={say.answerOf(model)} aria-busy={isUnderWay(answer)}>
      <Stack gap={6} h="100%">
        <Whose model={model} />
        {answer.state === "waiting" ? <Waiting /> : <div><AnswerText answer={answer} model={model} view={view} compared={compared} /></div>}
        {answer.state === "done" && answer.text === "" && <Text size="sm" c="dimmed">{say.noText}</Text>}
        {answer.problem && <AnswerProblem problem={answer.problem} />}
        {answer.finish === "length" && <Text size="xs" c="dimmed">{say.endedByLength}</Text>}
        <Group gap={4} mt="auto" pt={4}>
          {isUnderWay(answer) ? (
            <Button size="compact-xs" variant="default" leftSection={<IconPlayerStopFilled size={12} />} onClick={stop}>{say.stopThis}</Button>
          ) : (
            <>
              {answer.text !== "" && <CopyAnswer text={answer.text} model={model} />}
              {isLast && (
                <Button
                  size="compact-xs" variant="subtle" color="gray" leftSection={<IconRefresh size={14} />} onClick={retry} disabled={seconds > 0}
                  aria-label={seconds > 0 ? undefined : say.retryOf(model)}
                >
                  {seconds > 0 ? say.retryIn(String(seconds)) : say.retry}
                </Button>
              )}
            </>
          )}
          {answer.state === "stopped" && <Badge size="sm" variant="light" color="gray" tt="none">{say.stopped}</Badge>}
        </Group>
        <Figures answer={answer} model={model} />
      </Stack>
    </article>
  );
}

/** Seen where the columns stand below one another; the card's label says it to those who hear it. */
function Whose({ model }: { model: string }) {
  return <Text size="xs" fw={600} c="dimmed" className={styles.whose} aria-hidden title={model}><bdi>{shortName(model)}</bdi></Text>;
}

function Waiting() {
  const say = useWords(playgroundWords);
  return (
    <Group gap={8} wrap="nowrap" align="flex-start">
      <Loader size={14} mt={4} aria-hidden />
      <div>
        <Text size="sm">{say.waiting}</Text>
        <Text size="xs" c="dimmed">{say.loadingHint}</Text>
      </div>
    </Group>
  );
}

function CopyAnswer({ text, model }: { text: string; model: string }) {
  const say = useWords(playgroundWords);
  const common = useWords(frame);
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <ActionIcon size="sm" variant="subtle" color="gray" onClick={copy} aria-label={copied ? say.copied : say.copyOf(model)} title={common.copy}>
          {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
        </ActionIcon>
      )}
    </CopyButton>
  );
}

/** Tokens, time to the first one, speed, seed, and who answered to an alias. */
function Figures({ answer, model }: { answer: Answer; model: string }) {
  const say = useWords(playgroundWords);
  const format = useFormat();
  const speed = tokensPerSecond(answer);
  const count = numTokens(answer);
  const figures: [string, string | undefined][] = [];
  if (answer.promptTokens !== null) figures.push([say.tokensIn(format.count(answer.promptTokens)), say.tokensHint]);
  if (count > 0) figures.push([say.tokensOut(format.count(count)), say.tokensHint]);
  if (answer.firstAt !== null) figures.push([say.firstToken(format.number(answer.firstAt, 2)), say.firstTokenHint]);
  if (speed !== null) figures.push([say.perSecond(format.number(speed, 3)), undefined]);
  if (answer.seed !== null && answer.state !== "waiting") figures.push([say.seedOf(String(answer.seed)), say.seedHint]);
  return (
    <>
      {answer.answeredBy && (
        <Tooltip label={say.answeredByHint(model, answer.answeredBy)} multiline maw={280}>
          <Text size="xs" style={{ overflowWrap: "anywhere" }}>{say.answeredBy(answer.answeredBy)}</Text>
        </Tooltip>
      )}
      {figures.length > 0 && (
        <Text size="xs" c="dimmed" component="div" style={{ fontVariantNumeric: "tabular-nums" }}>
          {figures.map(([text, hint], index) => (
            <Fragment key={index}>{index > 0 && " · "}<span title={hint} style={{ whiteSpace: "nowrap" }}>{text}</span></Fragment>
          ))}
        </Text>
      )}
    </>
  );
}
