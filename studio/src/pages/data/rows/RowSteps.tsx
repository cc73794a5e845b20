import { ActionIcon, Group, Text } from "@mantine/core";
import { IconChevronDown, IconChevronsDown, IconChevronsUp, IconChevronUp } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import type { TablerIcon } from "@tabler/icons-react";
import { asFailure } from "~/api/failure";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { Report } from "~/pages/data/api";
import { useSteps } from "~/pages/data/rows/useSteps";
import { rowWords } from "~/pages/data/rows/words";
import { clean } from "~/pages/data/search";

type Step = "previous" | "next" | "previousBad" | "nextBad";

/** To the row before and after, and to the nearest ones with a problem (of the rule that the list is filtered by). */
export function RowSteps({ report, line, open }: { report: Report; line: number; open: (line: number) => void }) {
  const say = useWords(rowWords);
  const said = useSaid();
  const { rule, severity } = useSearch({ from: "/data/$fileId" });
  const steps = useSteps(report.file_id, clean({ rule, severity }));
  const step = useMutation({
    mutationFn: (way: Step) => {
      if (way === "previous") return steps.previous(line);
      if (way === "next") return steps.next(line);
      return steps.bad(line, way === "nextBad" ? 1 : -1);
    },
    onSuccess: (found) => found !== null && open(found),
  });
  const button = (way: Step, Icon: TablerIcon) => (
    <ActionIcon variant="default" size="md" aria-label={say[way]} title={say[way]} onClick={() => step.mutate(way)} disabled={way === "previous" && line === 1}>
      <Icon size={18} />
    </ActionIcon>
  );
  const hasProblems = report.num_errors + report.num_warnings > 0;
  const isAtEnd = step.isSuccess && step.data === null && step.variables.endsWith("Bad");
  return (
    <Group gap={6}>
      {button("previous", IconChevronUp)}
      {button("next", IconChevronDown)}
      {hasProblems && button("previousBad", IconChevronsUp)}
      {hasProblems && button("nextBad", IconChevronsDown)}
      <Text size="xs" c="dimmed" role="status">{step.error ? said(asFailure(step.error).message) : isAtEnd ? say.noMoreBad : ""}</Text>
    </Group>
  );
}
