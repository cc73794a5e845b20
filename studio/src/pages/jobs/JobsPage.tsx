import { Button, Group, Text } from "@mantine/core";
import { IconChartLine, IconFilterOff, IconGitCompare, IconPlus } from "@tabler/icons-react";
import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo } from "react";
import { useLive } from "~/api/live";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { May } from "~/session";
import { elsewhere, ElsewhereButton } from "./Elsewhere";
import { filterOf, fits, idsOf, type ListFilter, type ListSearch, withJob } from "./filters";
import { JobFilters } from "./JobFilters";
import { JobList } from "./JobList";
import { LiveSign } from "./LiveSign";
import { type Job, JOB_LISTS, type JobsPageOf, jobsQuery } from "./queries";
import { listWords } from "./words";

/** So many jobs fill a window; more are asked for when the end of the list comes into sight. */
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
      {(list.hits.length > 0 || isFiltered || list.isChanging) && <JobFilters search={search} change={change} />}
      {list.error && list.hits.length === 0 ? <Failed error={list.error} retry={list.retry} /> : null}
      {list.isLoading && <Loading />}
      {list.hits.length > 0 && <JobList jobs={list.hits} chosen={chosen} choose={choose} more={list.more} />}
      <Count list={list} />
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

/** The jobs that fit, page by page and live. */
function useJobs(search: ListSearch) {
  const filter = useMemo(() => filterOf(search), [search.q, search.status, search.model, search.metadata]);
  const query = useInfiniteQuery(jobsQuery(filter));
  const client = useQueryClient();
  const live = useLive("/v1/fine_tuning/live", ({ event, data }) => {
    if (event !== "job") return;
    const job = JSON.parse(data) as Job;
    client.setQueryData(["job", job.id, "wire"], job);
    for (const [key, list] of client.getQueriesData<InfiniteData<JobsPageOf>>({ queryKey: JOB_LISTS })) {
      if (list) client.setQueryData(key, withJob(list, job, key.at(-1) as ListFilter));
    }
  });
  // Also of the list of before, which stays until the new one is there, and of jobs that have left the filter since.
  const hits = useMemo(() => (query.data?.pages ?? []).flatMap(({ data }) => data).filter((job) => fits(job, filter)), [query.data, filter]);
  const { fetchNextPage, isFetchingNextPage, hasNextPage, isPlaceholderData, isError } = query;
  const isMore = hasNextPage && !isPlaceholderData && !isError;
  // Where most jobs of a page have left the filter since, the next page is wanted at once.
  useEffect(() => {
    if (isMore && !isFetchingNextPage && hits.length < SCREENFUL) void fetchNextPage();
  }, [isMore, isFetchingNextPage, fetchNextPage, hits.length]);
  return {
    hits, live, error: query.error, isChanging: isPlaceholderData, isLoading: query.isLoading || (isPlaceholderData && hits.length === 0),
    isWhole: query.isSuccess && !isPlaceholderData && !hasNextPage,
    more: useMemo(() => (isMore ? () => void (isFetchingNextPage || fetchNextPage()) : null), [isMore, isFetchingNextPage, fetchNextPage]),
    retry: () => void query.refetch(),
  };
}

function Count({ list }: { list: ReturnType<typeof useJobs> }) {
  const say = useWords(listWords);
  const format = useFormat();
  if (list.hits.length === 0) return null;
  return (
    <Group justify="center" gap="sm" mih={36}>
      <Text size="sm" c="dimmed" role="status">{(list.isWhole ? say.shown : say.shownSoFar)(format.count(list.hits.length))}</Text>
      {list.error ? <Failed error={list.error} retry={list.retry} /> : null}
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
