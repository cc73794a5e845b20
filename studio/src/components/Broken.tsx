import { Button, Code } from "@mantine/core";
import { IconBandage } from "@tabler/icons-react";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Away } from "~/components/Away";
import { Empty } from "~/components/Empty";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { PageAway } from "~/pages/lazyPage";

/** Stands in place of a page that raised an error, or whose code did not come. */
export function Broken({ error, reset }: ErrorComponentProps) {
  return error instanceof PageAway ? <Away error={error} reset={reset} /> : <CameApart error={error} />;
}

function CameApart({ error }: { error: unknown }) {
  const say = useWords(frame);
  return (
    <Empty icon={IconBandage} title={say.broken} text={say.brokenHint} order={1}>
      <Button onClick={() => window.location.reload()}>{say.reload}</Button>
      <Code block w="100%" maw={640} tabIndex={0} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{String(error)}</Code>
    </Empty>
  );
}
