import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "~/api/client";
import { ASKED_POINTS, curvesOf } from "./curves";
import type { ListFilter } from "./filters";

export type Job = Schemas["JobWire"];
export type JobEvent = Schemas["JobEventWire"];
export type Checkpoint = Schemas["CheckpointWire"];
export type Certificate = Schemas["CertificateWire"];
export type JobsPageOf = { data: readonly Job[]; has_more: boolean };

const PAGE = 100;

export function isFinal(job: Pick<Job, "status">): boolean {
  return job.status === "succeeded" || job.status === "failed" || job.status === "cancelled";
}

/** All that is known of one job is below this key. */
export function jobKey(jobId: string) {
  return ["job", jobId] as const;
}

export function jobQuery(jobId: string) {
  return queryOptions({
    queryKey: [...jobKey(jobId), "wire"],
    queryFn: ({ signal }) => body(api.GET("/v1/fine_tuning/jobs/{job_id}", { params: { path: { job_id: jobId } }, signal })),
  });
}

/** All lists of jobs are below this key, their filter behind it. */
export const JOB_LISTS = ["jobs", "list"] as const;

/** The newest first, page by page, as far as they pass the filter. */
export function jobsQuery(filter: ListFilter) {
  const { statuses, model, text, pair } = filter;
  return infiniteQueryOptions({
    queryKey: [...JOB_LISTS, filter] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }): Promise<JobsPageOf> => {
      const query = {
        limit: PAGE, after: pageParam, ...(statuses.length > 0 ? { status: [...statuses] } : {}), ...(model ? { model } : {}), ...(text ? { search: text } : {}),
        ...(pair ? { [encodeURIComponent(`metadata[${pair.key}]`)]: pair.value } : {}),
      };
      return body(api.GET("/v1/fine_tuning/jobs", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
    getNextPageParam: (last) => (last.has_more ? last.data.at(-1)?.id : undefined),
    // The live stream keeps it fresh; asking for a hundred pages again would not.
    staleTime: 60_000,
    gcTime: 30_000,
    refetchOnWindowFocus: false,
  });
}

export const baseModelsQuery = queryOptions({
  queryKey: ["base-models"], queryFn: () => body(api.GET("/v1/base_models")), staleTime: 60_000,
});

/** `range` in steps; without it, the whole job. */
export function metricsQuery(jobId: string, range: readonly [number, number] | null = null, points = ASKED_POINTS) {
  return queryOptions({
    queryKey: [...jobKey(jobId), "metrics", points, range?.[0] ?? null, range?.[1] ?? null],
    queryFn: async ({ signal }) => {
      const query = { points, ...(range ? { first_step: range[0], last_step: range[1] } : {}) };
      return curvesOf(await body(api.GET("/v1/fine_tuning/jobs/{job_id}/metrics", { params: { path: { job_id: jobId }, query }, signal })));
    },
    staleTime: 30_000,
  });
}

export function certificatesQuery(jobId: string) {
  return queryOptions({
    queryKey: [...jobKey(jobId), "certificates"],
    queryFn: ({ signal }) =>
      body(api.GET("/v1/fine_tuning/jobs/{job_id}/certificates", { params: { path: { job_id: jobId } }, signal })),
  });
}

export function eventsQuery(jobId: string) {
  return infiniteQueryOptions({
    queryKey: [...jobKey(jobId), "events"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }): Promise<{ data: readonly JobEvent[]; has_more: boolean }> =>
      body(
        api.GET("/v1/fine_tuning/jobs/{job_id}/events", {
          params: { path: { job_id: jobId }, query: { limit: PAGE, after: pageParam } }, signal,
        }),
      ),
    getNextPageParam: (last) => (last.has_more ? last.data.at(-1)?.id : undefined),
  });
}

export function checkpointsQuery(jobId: string) {
  return infiniteQueryOptions({
    queryKey: [...jobKey(jobId), "checkpoints"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }): Promise<{ data: readonly Checkpoint[]; has_more: boolean }> =>
      body(
        api.GET("/v1/fine_tuning/jobs/{job_id}/checkpoints", {
          params: { path: { job_id: jobId }, query: { limit: PAGE, after: pageParam } }, signal,
        }),
      ),
    getNextPageParam: (last) => (last.has_more ? last.data.at(-1)?.id : undefined),
  });
}

export function lineageQuery(model: string) {
  return queryOptions({
    queryKey: ["lineage", model],
    queryFn: ({ signal }) => body(api.GET("/v1/models/{model}/lineage", { params: { path: { model } }, signal })),
  });
}
