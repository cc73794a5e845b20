import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { api, body, call, type Schemas } from "~/api/client";
import { asFailure } from "~/api/failure";
import type { JobBody } from "~/pages/fine-tune/draft";

export type Preview = Schemas["JobPreviewWire"];
export type Report = Schemas["FileReportWire"];
export type FileObject = Schemas["FileObject"];

export const baseModelsQuery = queryOptions({
  queryKey: ["base-models"], queryFn: () => body(api.GET("/v1/base_models")), staleTime: 60_000,
});
export const installationQuery = queryOptions({
  queryKey: ["installation"], queryFn: () => body(api.GET("/v1/installation")), staleTime: 60_000, retry: 1,
});
export const tunedModelsQuery = queryOptions({ queryKey: ["models", "answer"], queryFn: () => body(api.GET("/v1/models")) });
export const filesQuery = queryOptions({
  queryKey: ["files", "fine-tune"],
  queryFn: () => body(api.GET("/v1/files", { params: { query: { purpose: "fine-tune", limit: 10_000, order: "desc" } } })),
});
export const recentJobsQuery = queryOptions({
  queryKey: ["jobs", "recent", 100],
  queryFn: () => body(api.GET("/v1/fine_tuning/jobs", { params: { query: { limit: 100 } } })),
});

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ["job", id],
    queryFn: () => body(api.GET("/v1/fine_tuning/jobs/{job_id}", { params: { path: { job_id: id } } })),
  });

export const checkpointsQuery = (jobId: string | null) =>
  queryOptions({
    queryKey: ["job-checkpoints", jobId],
    enabled: jobId !== null,
    queryFn: () =>
      body(api.GET("/v1/fine_tuning/jobs/{job_id}/checkpoints", {
        params: { path: { job_id: jobId ?? "" }, query: { limit: 100 } },
      })),
  });

/** Made once by the server; asked again each half second while that goes on. */
export function useReport(fileId: string, model: string | null, maxSeqLen: number | null) {
  const query = { ...(model ? { model } : {}), ...(maxSeqLen ? { max_seq_len: maxSeqLen } : {}), limit: 5 };
  return useQuery({
    queryKey: ["file-report", fileId, query],
    enabled: fileId !== "",
    queryFn: ({ signal }) => body(api.GET("/v1/files/{file_id}/report", { params: { path: { file_id: fileId }, query }, signal })),
    staleTime: ({ state }) => (state.data?.status === "in_progress" ? 0 : Number.POSITIVE_INFINITY),
    refetchInterval: ({ state }) => (state.data?.status === "in_progress" ? 500 : false),
    placeholderData: (before, last) => (last?.queryKey[1] === fileId ? before : undefined),
  });
}

/** What the server would make of this body; `null` asks nothing. What it said before stays until it says the next. */
export function usePreview(fingerprint: string | null) {
  return useQuery({
    queryKey: ["job-preview", fingerprint],
    enabled: fingerprint !== null,
    queryFn: ({ signal }) => post<Preview>("/v1/fine_tuning/jobs/preview", fingerprint ?? "", {}, signal),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: (count, error) => asFailure(error).isAway && count < 30,
    refetchInterval: ({ state }) => (state.data?.is_waiting_for_report ? 1_000 : false),
  });
}

/** The same key and body give the same job, so that a start which is repeated after a broken connection starts one job. */
export function startJob(job: JobBody, idempotencyKey: string): Promise<Schemas["JobWire"]> {
  return post<Schemas["JobWire"]>("/v1/fine_tuning/jobs", JSON.stringify(job), { "idempotency-key": idempotencyKey });
}

async function post<T>(path: string, text: string, headers: Record<string, string>, signal?: AbortSignal): Promise<T> {
  const response = await call(path, { method: "POST", body: text, headers: { "content-type": "application/json", ...headers }, signal });
  return (await response.json()) as T;
}
