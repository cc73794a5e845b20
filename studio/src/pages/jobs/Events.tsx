import { Button, Group, SegmentedControl, Stack, Switch, Text, VisuallyHidden } from "@mantine/core";
import { IconAlertTriangle, IconCircleX, IconInfoCircle, IconList } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { elsewhere, ElsewhereLink } from "./Elsewhere";
import { jobWords } from "./jobWords";
import { eventsQuery, type Job, type JobEvent } from "./queries";
import type { JobSearch } from "./search";

/** So many lines are looked for at once; between them may lie hundreds of single steps. */
const SCREENFUL = 25;
const MOST_PAGES_AT_ONCE = 12;
const ICONS = { info: IconInfoCircle, warn: IconAlertTriangle, error: IconCircleX };
const COLOURS = { info: "var(--mantine-color-dimmed)", warn: "var(--mantine-color-orange-filled)", error: "var(--mantine-color-red-filled)" };

type Props = { job: Job; search: JobSearch; change: (next: Partial<JobSearch>) => void };

/** What happened, newest first, live. */
export function Events({ job, search, change }: Props) {
  const say = useWords(jobWords);
  const format = useFormat();
  const list = useInfiniteQuery(eventsQuery(job.id));
  const all = useMemo(() => list.data?.pages.flatMap(({ data }) => data) ?? [], [list.data]);
  const shown = useMemo(() => all.filter((event) => isShown(event, search)), [all, search.level, search.steps]);
  const asking = useEnough(list, shown.length);
  const numHidden = search.steps ? 0 : all.filter(({ type }) => type === "metrics").length;
  if (list.error && !list.data) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Loading />;
  return (
    <Stack gap="sm">
      <Group gap="lg" className="no-print">
        <SegmentedControl
          size="xs" aria-label={say.level} value={search.level ?? "all"} data={(["all", "warn", "error"] as const).map((value) => ({ value, label: say.levels[value] }))}
          onChange={(value) => change({ level: value === "all" ? undefined : (value as "warn" | "error") })}
        />
        <Switch size="sm" label={say.showSteps} checked={search.steps ?? false} onChange={(event) => change({ steps: event.currentTarget.checked || undefined })} />
      </Group>
      {shown.length === 0 && !asking.isAsking && <Empty icon={IconList} title={say.noEvents} text={say.noEventsText} />}
      <EventLines events={shown} job={job} />
      <Group justify="center" gap="sm">
        {numHidden > 0 && <Text size="xs" c="dimmed">{say.hidden(format.count(numHidden))}</Text>}
        {list.hasNextPage && <Button variant="default" size="compact-sm" loading={asking.isAsking} onClick={asking.more}>{say.older}</Button>}
      </Group>
    </Stack>
  );
}

export function EventLines({ events, job }: { events: readonly JobEvent[]; job: Job }) {
  const say = useWords(jobWords);
  const said = useSaid();
  const format = useFormat();
  return (
    <div role="log" aria-label={say.tabs.events} aria-live="off">
      {events.map((event) => {
        const Icon = ICONS[event.level];
        const place = placeOf(event, job);
        return (
          <div key={event.id} className="jobs-event">
            <Icon size={18} aria-hidden color={COLOURS[event.level]} />
            <Text size="sm" component="div" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {event.level !== "info" && <VisuallyHidden>{say.levelNames[event.level]}: </VisuallyHidden>}
              {said(event.message)}
              {place && <> <ElsewhereLink where={place} size="sm" underline="always">{say.toRow}</ElsewhereLink></>}
            </Text>
            <Text size="xs" c="dimmed" className="jobs-figure">{format.instant(event.created_at)}</Text>
          </div>
        );
      })}
    </div>
  );
}

/** The row of the file that an event is about. */
export function placeOf({ level, data }: JobEvent, job: Pick<Job, "training_file" | "validation_file" | "error">) {
  if (level === "info" || typeof data.line !== "number") return null;
  const file = job.error?.param === "validation_file" && job.validation_file ? job.validation_file : job.training_file;
  return elsewhere.file(file, data.line);
}

function isShown(event: JobEvent, { level, steps }: JobSearch): boolean {
  if (event.type === "metrics" && !steps) return false;
  if (level === "error") return event.level === "error";
  return level === "warn" ? event.level !== "info" : true;
}

/** Asks for older pages until enough lines are there, or many pages have gone by. */
function useEnough(list: { hasNextPage: boolean; isFetchingNextPage: boolean; isError: boolean; fetchNextPage: () => unknown; data?: { pages: unknown[] } }, count: number) {
  const pages = list.data?.pages.length ?? 0;
  const [wanted, setWanted] = useState({ count: SCREENFUL, pages: MOST_PAGES_AT_ONCE });
  const isAsking = list.hasNextPage && !list.isError && count < wanted.count && pages < wanted.pages;
  const { fetchNextPage, isFetchingNextPage } = list;
  useEffect(() => {
    if (isAsking && !isFetchingNextPage) fetchNextPage();
  }, [isAsking, isFetchingNextPage, fetchNextPage, pages]);
  return { isAsking, more: () => setWanted({ count: count + SCREENFUL, pages: pages + MOST_PAGES_AT_ONCE }) };
}
