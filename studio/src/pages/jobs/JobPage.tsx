import { Badge, Group, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useRef } from "react";
import { Failed } from "~/components/Failed";
import { JobStatus } from "~/components/JobStatus";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { CopyText } from "~/components/Copyable";
import { useWords } from "~/i18n/language";
import { Checkpoints } from "./Checkpoints";
import { Events } from "./Events";
import { FailureCard } from "./FailureCard";
import { nameOf } from "./filters";
import { JobActions } from "./JobActions";
import { jobWords } from "./jobWords";
import { JobState } from "./JobState";
import { LiveSign } from "./LiveSign";
import { Overview } from "./Overview";
import { isFinal, jobQuery } from "./queries";
import { Report } from "./Report";
import { type JobSearch, type Tab, TABS } from "./search";
import { Settings } from "./Settings";
import { useJobLive } from "./useJobLive";

export function JobPage() {
  const { jobId } = useParams({ from: "/jobs/$jobId" });
  return <OneJob key={jobId} jobId={jobId} />;
}

function OneJob({ jobId }: { jobId: string }) {
  const say = useWords(jobWords);
  const search = useSearch({ from: "/jobs/$jobId" });
  const go = useNavigate({ from: "/jobs/$jobId" });
  const job = useQuery(jobQuery(jobId));
  // A job that has ended before anybody looked says nothing more; one that ends meanwhile is heard to its last word.
  const isHeard = useRef<boolean | null>(null);
  if (job.data && isHeard.current === null) isHeard.current = !isFinal(job.data);
  const live = useJobLive(isHeard.current ? jobId : null);
  const change = useCallback(
    (next: Partial<JobSearch>) =>
      void go({ search: (old) => Object.fromEntries(Object.entries({ ...old, ...next }).filter(([, value]) => value !== undefined)), replace: true, resetScroll: false }),
    [go],
  );

  if (job.error && !job.data) return <Page title={say.loading}><Failed error={job.error} retry={() => void job.refetch()} /></Page>;
  if (!job.data) return <Page title={say.loading}><Loading /></Page>;
  const tab: Tab = search.tab ?? "overview";
  return (
    <Page
      title={nameOf(job.data)}
      text={
        <Group gap="xs">
          <JobStatus status={job.data.status} />
          {!isFinal(job.data) && <LiveSign state={live} />}
          <Badge variant="default" tt="none" fw={400} ff="monospace">{job.data.id}</Badge>
          <span className="no-print"><CopyText text={job.data.id} /></span>
        </Group>
      }
      actions={<JobActions job={job.data} />}
    >
      {job.data.status === "failed" && <FailureCard job={job.data} openEvents={() => change({ tab: "events", level: "warn" })} />}
      <JobState job={job.data} />
      <Tabs
        value={tab} keepMounted={false}
        onChange={(value) => change({ tab: value === "overview" ? undefined : (value as Tab) })}
      >
        <Tabs.List aria-label={say.tabList} mb="md" className="no-print jobs-tabs">
          {TABS.map((each) => <Tabs.Tab key={each} value={each}>{say.tabs[each]}</Tabs.Tab>)}
        </Tabs.List>
        <Tabs.Panel value="overview"><Overview job={job.data} search={search} change={change} /></Tabs.Panel>
        <Tabs.Panel value="checkpoints"><Checkpoints job={job.data} /></Tabs.Panel>
        <Tabs.Panel value="events"><Events job={job.data} search={search} change={change} /></Tabs.Panel>
        <Tabs.Panel value="settings"><Settings job={job.data} find={search.find ?? ""} change={change} /></Tabs.Panel>
        <Tabs.Panel value="report"><Report job={job.data} /></Tabs.Panel>
      </Tabs>
    </Page>
  );
}
