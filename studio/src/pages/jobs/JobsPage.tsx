import { Button, Group, Text } from "@mantine/core";
import { IconChartLine, IconFilterOff, IconGitCompare, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useLive } from "~/api/live";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { May } from "~/session";
import { elsewhere, ElsewhereButton } from "./Elsewhere";
import { fits, idsOf, type ListSearch, pairOf, withJob } from "./filters";
import { JobFilters } from "./JobFilters";
import { JobList } from "./JobList";
import { LiveSign } from "./LiveSign";
import { type Job, jobsQuery } from "./queries";
import { listWords } from "./words";

/** So many hits are looked for at once; more when the end of the list comes into sight. */
const SCREENFUL = 30;

export function JobsPage() {
  const say = useWords(listWords);
  const search = useSearch({ from: "/jobs" });
  const go = useNavigate({ from: "/jobs" });
  const change = useCallback(
    (next: Partial<ListSearch>) => void go({ search: (old) => trimmed({ ...old, ...next }), replace: true, resetScroll: false }),
    [go],
  );
  const list = useJobs(search);
  const chosen = useMemo(() => idsOf(search.selected), [search.selected]);
  const choose = useCallback(
    (jobId: string, isChosen: boolean) =>
      change({ selected: (isChosen ? [...chosen, jobId] : chosen.filter((id) => id !== jobId)).join(",") }),
    [change, chosen],
  );
  const isFiltered = Boolean(search.q || search.status || search.model || search.metadata);
  return (
    <Page
      title={say.title} text={say.text}
      actions={
        <>
          <LiveSign state={list.live} />
          <CompareButton chosen={chosen} />
          <May action="job.create"><ElsewhereButton where={elsewhere.fineTune()} leftSection={<IconPlus size={16} aria-hidden />}>{say.newJob}</ElsewhereButton></May>
        </>
      }
    >
      {(list.all.length > 0 || isFiltered) && <JobFilters search={search} models={list.models} change={change} />}
      {list.error && list.all.length === 0 ? <Failed error={list.error} retry={list.retry} /> : null}
      {list.isLoading && <Loading />}
      {list.hits.length > 0 && <JobList jobs={list.hits} chosen={chosen} choose={choose} more={list.more} />}
      <Count list={list} isFiltered={isFiltered} />
      {list.isWhole && list.hits.length === 0 && (isFiltered ? (
        <Empty icon={IconFilterOff} title={say.noMatch} text={say.noMatchText} />
      ) : (
        <Empty icon={IconChartLine} title={say.none} text={say.noneText}>
          <May action="job.create"><ElsewhereButton where={elsewhere.fineTune()}>{say.first}</ElsewhereButton></May>
          <May action="file.write"><ElsewhereButton where={elsewhere.data()} variant="default">{say.toData}</ElsewhereButton></May>
        </Empty>
      ))}
    </Page>
  );
}

/** The jobs that fit, page by page and live; where few of a page fit, the next ones are looked through too. */
function useJobs(search: ListSearch) {
  const pair = useMemo(() => pairOf(search.metadata), [search.metadata]);
  const options = useMemo(() => jobsQuery(pair), [pair]);
  const query = useInfiniteQuery(options);
  const client = useQueryClient();
  const live = useLive("/v1/fine_tuning/live", ({ event, data }) => {
    if (event !== "job") return;
    const job = JSON.parse(data) as Job;
    client.setQueryData(["job", job.id, "wire"], job);
    client.setQueryData(options.queryKey, (old) => old && withJob(old, job, (each) => fits(each, { metadata: search.metadata })));
  });
  const all = useMemo(() => query.data?.pages.flatMap(({ data }) => data) ?? [], [query.data]);
  const hits = useMemo(() => all.filter((job) => fits(job, search)), [all, search.q, search.status, search.model, search.metadata]);
  const models = useMemo(() => [...new Set(all.map(({ model }) => model))], [all]);

  const filters = JSON.stringify([search.q, search.status, search.model, search.metadata]);
  const [wanted, setWanted] = useState({ filters, count: SCREENFUL });
  const most = wanted.filters === filters ? wanted.count : SCREENFUL;
  const [stoppedFor, setStoppedFor] = useState<string | null>(null);
  const isStopped = stoppedFor === filters;
  const isSearching = query.hasNextPage && hits.length < most && !isStopped && !query.isError;
  const { fetchNextPage, isFetchingNextPage } = query;
  useEffect(() => {
    if (isSearching && !isFetchingNextPage) void fetchNextPage();
  }, [isSearching, isFetchingNextPage, fetchNextPage, all.length]);
  const more = useCallback(() => setWanted({ filters, count: hits.length + SCREENFUL }), [filters, hits.length]);
  return {
    all, hits, models, live, isSearching, error: query.error,
    isLoading: query.isLoading, isWhole: query.isSuccess && !query.hasNextPage,
    more: query.hasNextPage && !isStopped ? more : null,
    stop: () => setStoppedFor(filters),
    goOn: isStopped && query.hasNextPage ? () => (setStoppedFor(null), more()) : null,
    retry: () => void query.refetch(),
  };
}

function Count({ list, isFiltered }: { list: ReturnType<typeof useJobs>; isFiltered: boolean }) {
  const say = useWords(listWords);
  const format = useFormat();
  if (list.all.length === 0) return null;
  const text = isFiltered
    ? say.matches(format.count(list.hits.length), format.count(list.all.length))
    : (list.isWhole ? say.shown : say.shownSoFar)(format.count(list.all.length));
  return (
    <Group justify="center" gap="sm" mih={36}>
      <Text size="sm" c="dimmed" role="status">{list.isSearching && isFiltered ? say.searching(format.count(list.all.length)) : text}</Text>
      {list.isSearching && isFiltered && <Button size="compact-sm" variant="default" onClick={list.stop}>{say.stop}</Button>}
      {list.goOn && <Button size="compact-sm" variant="default" onClick={list.goOn}>{say.goOn}</Button>}
      {list.error && list.all.length > 0 ? <Failed error={list.error} retry={list.retry} /> : null}
    </Group>
  );
}

function CompareButton({ chosen }: { chosen: readonly string[] }) {
  const say = useWords(listWords);
  const isReady = chosen.length >= 2;
  const icon = <IconGitCompare size={16} aria-hidden />;
  if (!isReady) {
    return <Button variant="default" leftSection={icon} data-disabled aria-disabled title={say.compareHint} onClick={(event) => event.preventDefault()}>{say.compare(chosen.length)}</Button>;
  }
  return (
    <Button variant="light" leftSection={icon} renderRoot={(root) => <Link {...root} to="/jobs/compare" search={{ jobs: chosen.join(",") }} />}>
      {say.compare(chosen.length)}
    </Button>
  );
}

/** Without what is empty, so that addresses stay short. */
function trimmed(search: ListSearch): ListSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value)) as ListSearch;
}
