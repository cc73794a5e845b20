import { Alert, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { Problem } from "~/pages/playground/answer";
import { ENDED_EARLY } from "~/pages/playground/store";
import { playgroundWords } from "~/pages/playground/words";

/** What the API said instead of an answer, or in the middle of one, in its own words. */
export function AnswerProblem({ problem }: { problem: Problem }) {
  const say = useWords(playgroundWords);
  const common = useWords(frame);
  const said = useSaid();
  const text = problem.code === ENDED_EARLY ? say.endedEarly : problem.status === 0 ? common.away : said(problem.message);
  const about = [
    problem.status >= 400 && say.status(problem.status),
    problem.code !== ENDED_EARLY && problem.code,
    problem.param,
    problem.requestId && common.request(problem.requestId),
  ].filter(Boolean);
  return (
    <Alert color={problem.status === 429 ? "orange" : "red"} p="xs" icon={<IconAlertTriangle size={16} aria-hidden />} role="alert">
      <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{text}</Text>
      {about.length > 0 && <Text size="xs" mt={4} style={{ overflowWrap: "anywhere" }}>{about.join(" · ")}</Text>}
    </Alert>
  );
}

/** Whole seconds until an instant in milliseconds, counted down; 0 once it is there, or where there is none. */
export function useSecondsUntil(instant: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  const left = instant === null ? 0 : Math.max(0, Math.ceil((instant - now) / 1000));
  useEffect(() => {
    if (instant === null) return;
    setNow(Date.now());
    const timer = setInterval(() => {
      setNow(Date.now());
      if (Date.now() >= instant) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [instant]);
  return left;
}
