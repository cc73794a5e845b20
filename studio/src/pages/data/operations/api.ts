import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api, body, type Schemas } from "~/api/client";

export type Operation = Schemas["OperationWire"];
export type Settings = Record<string, unknown>;

const POLL_MS = 300;

export function hasEnded(operation: Operation | undefined): boolean {
  return operation !== undefined && operation.status !== "queued" && operation.status !== "running";
}

/** Asked again and again until it has ended; then it stays as it is. */
export function operationQuery(operationId: string) {
  return queryOptions({
    queryKey: ["data-operation", operationId],
    queryFn: ({ signal }) => body(api.GET("/v1/data/operations/{operation_id}", { params: { path: { operation_id: operationId } }, signal })),
    staleTime: (query) => (hasEnded(query.state.data) ? Number.POSITIVE_INFINITY : 0),
    refetchInterval: (query) => (hasEnded(query.state.data) ? false : POLL_MS),
  });
}

/** A part of what it has found, of one kind where it is given; a list never changes. */
export function itemsQuery(operationId: string, offset: number, limit: number, kind: string | null = null) {
  const query = { offset, limit, ...(kind === null ? {} : { kind }) };
  return queryOptions({
    queryKey: ["data-operation-items", operationId, offset, limit, kind],
    queryFn: ({ signal }) => body(api.GET("/v1/data/operations/{operation_id}/items", { params: { path: { operation_id: operationId }, query }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

const MOST_AT_ONCE = 1_000;

/** All that it has found, in its order. */
export async function allItems({ id, num_items: total }: Operation): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  while (found.length < total) {
    const query = { offset: found.length, limit: MOST_AT_ONCE };
    const { data } = await body(api.GET("/v1/data/operations/{operation_id}/items", { params: { path: { operation_id: id }, query } }));
    if (data.length === 0) break;
    found.push(...data);
  }
  return found;
}

export function start(kind: string, fileIds: string[], settings: Settings): Promise<Operation> {
  return body(api.POST("/v1/data/operations", { body: { kind, input_file_ids: fileIds, settings } }));
}

/** One that has ended stays as it is. */
function cancel(id: string): Promise<Operation> {
  return body(api.POST("/v1/data/operations/{operation_id}/cancel", { params: { path: { operation_id: id } } }));
}

/** One operation at a time on these files: begun, followed, cancelled. One that is begun takes the place of the one before. */
export function useOperation(kind: string, fileIds: string[]) {
  const [id, setId] = useState<string | null>(null);
  const latest = useRef(0);
  const starting = useMutation({
    mutationFn: ({ settings }: { settings: Settings; number: number }) => start(kind, fileIds, settings),
    onSuccess: (operation, { number }) => {
      if (number === latest.current) setId(operation.id);
      else drop(operation.id);
    },
  });
  const followed = useQuery({ ...operationQuery(id ?? ""), enabled: id !== null });
  const cancelling = useMutation({ mutationFn: () => cancel(id ?? ""), onSettled: () => void followed.refetch() });
  const operation = id === null ? undefined : followed.data;
  const isOpen = id !== null && !hasEnded(operation);
  return {
    begin: (settings: Settings) => {
      if (id !== null && isOpen) drop(id);
      latest.current += 1;
      starting.mutate({ settings, number: latest.current });
    },
    operation,
    error: starting.error ?? followed.error,
    isUnderWay: starting.isPending || isOpen,
    cancel: () => cancelling.mutate(),
    forget: () => setId(null),
    /** One that was begun earlier. */
    follow: setId as (id: string) => void,
  };
}

/** What nobody waits for keeps no worker. */
function drop(id: string): void {
  // Where it cannot be cancelled, it ends by itself.
  void cancel(id).catch(() => undefined);
}
