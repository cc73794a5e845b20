import { Button, Code } from "@mantine/core";
import { IconBandage } from "@tabler/icons-react";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Empty } from "~/components/Empty";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";

/** Stands in place of a page that raised an error, or whose code is no longer on the server. */
export function Broken({ error }: ErrorComponentProps) {
  const say = useWords(frame);
  return (
    <Empty icon={IconBandage} title={say.broken} text={say.brokenHint} order={1}>
      <Button onClick={() => window.location.reload()}>{say.reload}</Button>
      <Code block w="100%" maw={640} tabIndex={0} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{String(error)}</Code>
    </Empty>
  );
}
