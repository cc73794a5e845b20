import "./job.css";
import { ActionIcon, Anchor, Group, Paper, Stack, Text, useComputedColorScheme } from "@mantine/core";
import { IconGitCompare, IconX } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { lineColour, lineDash } from "~/chart/palette";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { JobStatus } from "~/components/JobStatus";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { useWords } from "~/i18n/language";
import { CompareCurves } from "./CompareCurves";
import { FinalTable, SettingDiff } from "./CompareTables";
import { compareWords } from "./compareWords";
import { elsewhere, ElsewhereButton } from "./Elsewhere";
import { idsOf, namesOf } from "./filters";
import { isFinal, type Job, jobQuery, metricsQuery } from "./queries";
import type { CompareSearch } from "./search";

const AGAIN_MS = 3_000;

export function ComparePage() {
  const say = useWords(compareWords);
  const search = useSearch({ from: "/jobs/compare" });
  const go = useNavigate({ from: "/jobs/compare" });
  const change = useCallback(
    (next: Partial<CompareSearch>) =>
      void go({ search: (old) => Object.fromEntries(Object.entries({ ...old, ...next }).filter(([, value]) => value !== undefined)), replace: true, resetScroll: false }),
    [go],
  );
  const ids = idsOf(search.jobs);
  const jobs = useQueries({
    queries: ids.map((id) => ({ ...jobQuery(id), refetchInterval: ({ state }: { state: { data?: Job } }) => (state.data && isFinal(state.data) ? false : AGAIN_MS) })),
  });
  const known = jobs.flatMap(({ data }) => (data ? [data] : []));
  const names = namesOf(known);
  const curves = useQueries({ queries: known.map((job) => ({ ...metricsQuery(job.id), refetchInterval: job.status === "running" ? AGAIN_MS : (false as const) })) });
  const back = <ElsewhereButton where={elsewhere.jobs(ids)} variant="default">{say.toList}</ElsewhereButton>;

  if (ids.length < 2) return <Page title={say.title} text={say.text}><Empty icon={IconGitCompare} title={say.too.title} text={say.too.text}>{back}</Empty></Page>;
  return (
    <Page title={say.title} text={say.text} actions={back}>
      <Group gap="xs">
        {known.map((job, index) => (
          <Chosen key={job.id} job={job} name={names[index]!} style={index} remove={() => change({ jobs: ids.filter((id) => id !== job.id).join(",") })} />
        ))}
      </Group>
      {jobs.map(({ error, data }, index) => error && !data && (
        <div key={ids[index]}><Text size="sm" fw={600}>{say.gone(ids[index] ?? "")}</Text><Failed error={error} /></div>
      ))}
      {jobs.some(({ isLoading }) => isLoading) && <Loading />}
      {known.length > 0 && (
        <Stack gap="xl">
          <CompareCurves jobs={known} curves={curves.map(({ data }) => data)} search={search} change={change} />
          <FinalTable jobs={known} curves={curves.map(({ data }) => data)} />
          <SettingDiff jobs={known} isAll={search.all ?? false} change={change} />
        </Stack>
      )}
    </Page>
  );
}

function Chosen({ job, name, style, remove }: { job: Job; name: string; style: number; remove: () => void }) {
  const say = useWords(compareWords);
  const scheme = useComputedColorScheme("light");
  return (
    <Paper withBorder px="xs" py={4} maw="100%">
      <Group gap={8} wrap="nowrap">
        <svg width="26" height="8" aria-hidden style={{ flexShrink: 0 }}>
          <line x1="1" x2="25" y1="4" y2="4" stroke={lineColour(scheme, style)} strokeWidth="2.5" strokeDasharray={lineDash(style).join(" ")} />
        </svg>
        <Anchor size="sm" truncate maw={220} renderRoot={(root) => <Link {...root} to="/jobs/$jobId" params={{ jobId: job.id }} />}><bdi>{name}</bdi></Anchor>
        <JobStatus status={job.status} />
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={say.remove(name)} onClick={remove}><IconX size={14} /></ActionIcon>
      </Group>
    </Paper>
  );
}
