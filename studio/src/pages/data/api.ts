import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { api, body, type Schemas } from "~/api/client";
import type { FileSearch } from "~/pages/data/search";

export type FileObject = Schemas["FileObject"];
export type Report = Schemas["FileReportWire"];
export type Problem = Schemas["ProblemWire"];
export type Row = Schemas["FileRowWire"];

/** A file never changes, so what was read of it stays right. */
const ALWAYS = Number.POSITIVE_INFINITY;

export function useInstallation() {
  return useQuery({ queryKey: ["installation"], queryFn: () => body(api.GET("/v1/installation")), staleTime: 60_000, retry: 1 });
}

export function useBaseModels() {
  return useQuery({ queryKey: ["base-models"], queryFn: () => body(api.GET("/v1/base_models")), staleTime: 60_000 });
}

export function fileQuery(fileId: string) {
  return queryOptions({
    queryKey: ["file", fileId],
    queryFn: () => body(api.GET("/v1/files/{file_id}", { params: { path: { file_id: fileId } } })),
    staleTime: 30_000,
  });
}

export type ReportQuestion = { model?: string; max_seq_len?: number; rule?: string; severity?: FileSearch["severity"]; offset?: number; limit?: number };

/** Asked again each half second while it is being made. */
export function reportQuery(fileId: string, question: ReportQuestion = {}) {
  return queryOptions({
    queryKey: ["file-report", fileId, question],
    queryFn: ({ signal }) =>
      body(api.GET("/v1/files/{file_id}/report", { params: { path: { file_id: fileId }, query: question }, signal })),
    staleTime: (query) => (query.state.data?.status === "in_progress" ? 0 : ALWAYS),
    refetchInterval: (query) => (query.state.data?.status === "in_progress" ? 500 : false),
  });
}

export function useReport(fileId: string, question: ReportQuestion = {}, enabled = true) {
  return useQuery({ ...reportQuery(fileId, question), placeholderData: keepPreviousData, enabled });
}

export function rowQuery(fileId: string, line: number, model: string | undefined) {
  return queryOptions({
    queryKey: ["file-row", fileId, line, model ?? null],
    queryFn: ({ signal }) =>
      body(api.GET("/v1/files/{file_id}/rows/{line}", { params: { path: { file_id: fileId, line }, query: { model } }, signal })),
    staleTime: ALWAYS,
  });
}

export function rowsQuery(fileId: string, first: number, limit: number) {
  return queryOptions({
    queryKey: ["file-rows", fileId, first, limit],
    queryFn: ({ signal }) =>
      body(api.GET("/v1/files/{file_id}/rows", { params: { path: { file_id: fileId }, query: { first, limit } }, signal })),
    staleTime: ALWAYS,
  });
}
