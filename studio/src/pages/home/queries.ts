import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, body, type Schemas } from "~/api/client";
import { type LiveState, useLive } from "~/api/live";
import { withJob } from "~/pages/home/jobs";
import { isFinal } from "~/pages/home/next-step";

type Job = Schemas["JobWire"];

const JOBS = ["home", "jobs"];
const MODELS = ["home", "models"];
const NUM_JOBS = 20;

/** The newest jobs and all that have not ended, as they are now, and whether changes are heard. */
export function useJobs(): { jobs: readonly Job[] | undefined; error: unknown; live: LiveState } {
  const client = useQueryClient();
  const live = useLive("/v1/fine_tuning/live", ({ event, data }) => {
    if (event === "job") hear(client, JSON.parse(data) as Job);
  });
  const { data, error } = useQuery({
    queryKey: JOBS,
    queryFn: async () => (await body(api.GET("/v1/fine_tuning/jobs", { params: { query: { limit: NUM_JOBS } } }))).data,
    refetchInterval: live === "open" ? false : 10_000,
  });
  // The stream begins with what runs; what ended while nobody listened is in the list alone.
  useEffect(() => {
    if (live === "open") void client.invalidateQueries({ queryKey: JOBS });
  }, [live, client]);
  return { jobs: data, error, live };
}

function hear(client: QueryClient, job: Job): void {
  const before = client.getQueryData<readonly Job[]>(JOBS);
  if (before === undefined) return;
  client.setQueryData(JOBS, withJob(before, job));
  const wasFinal = before.some((each) => each.id === job.id && isFinal(each));
  if (isFinal(job) && !wasFinal) void client.invalidateQueries({ queryKey: MODELS });
}

export function useModels() {
  return useQuery({ queryKey: MODELS, queryFn: async () => (await body(api.GET("/v1/models"))).data });
}

export function useHasFiles() {
  return useQuery({
    queryKey: ["home", "has-files"],
    queryFn: async () => {
      const list = await body(api.GET("/v1/files", { params: { query: { limit: 1, purpose: "fine-tune" } } }));
      return list.data.length > 0;
    },
  });
}

export function useInstallation() {
  return useQuery({ queryKey: ["installation"], queryFn: () => body(api.GET("/v1/installation")), refetchInterval: 10_000 });
}
