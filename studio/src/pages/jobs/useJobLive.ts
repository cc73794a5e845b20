import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { type LiveState, useLive } from "~/api/live";
import { type Curves, hasGap, type StepRow, withRows } from "./curves";
import { type Checkpoint, checkpointsQuery, eventsQuery, isFinal, type Job, type JobEvent, jobKey, jobQuery, metricsQuery } from "./queries";

const REFETCH_MS = 2_000;
/** Steps are gathered for so long before the curves are drawn again. */
const GATHER_MS = 400;

/** Keeps all that is known of a job as fresh as the server's stream; `null` listens to nothing. → whether it is heard. */
export function useJobLive(jobId: string | null): LiveState {
  const client = useQueryClient();
  const fetchedAt = useRef(0);
  const gathered = useRef<StepRow[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const id = jobId ?? "";
  const state = useLive(jobId === null ? null : `/v1/fine_tuning/jobs/${encodeURIComponent(jobId)}/live`, ({ event, data }) => {
    if (event === "job") {
      const job = JSON.parse(data) as Job;
      const before = client.getQueryData(jobQuery(id).queryKey);
      client.setQueryData(jobQuery(id).queryKey, job);
      const isOther = before !== undefined && before.status !== job.status;
      // With its number of steps, training has begun, and there is more to certify.
      if (isOther || before?.total_steps !== job.total_steps) {
        void client.invalidateQueries({ queryKey: [...jobKey(id), "certificates"] });
      }
      if (isOther && isFinal(job)) void client.invalidateQueries({ queryKey: [...jobKey(id), "metrics"] });
    } else if (event === "job_event") {
      client.setQueryData(eventsQuery(id).queryKey, (old) => old && inFront(old, JSON.parse(data) as JobEvent));
    } else if (event === "checkpoint") {
      client.setQueryData(checkpointsQuery(id).queryKey, (old) => old && inFront(old, JSON.parse(data) as Checkpoint));
      void client.invalidateQueries({ queryKey: [...jobKey(id), "certificates"] });
    } else if (event === "metrics") {
      gathered.current.push(...(JSON.parse(data) as StepRow[]));
      timer.current ??= setTimeout(append, GATHER_MS);
    }
  });
  useEffect(() => () => clearTimeout(timer.current), []);

  function append() {
    timer.current = undefined;
    const rows = gathered.current.splice(0);
    const key = metricsQuery(id).queryKey;
    const curves = client.getQueryData<Curves>(key);
    if (!curves) return;
    client.setQueryData<Curves>(key, withRows(curves, rows));
    // Steps that ran past between the first answer and the stream.
    if (hasGap(curves, rows) && Date.now() - fetchedAt.current > REFETCH_MS) {
      fetchedAt.current = Date.now();
      void client.invalidateQueries({ queryKey: key });
    }
  }

  const before = useRef(state);
  useEffect(() => {
    if (before.current === "away" && state === "open") void client.invalidateQueries({ queryKey: jobKey(id) });
    before.current = state;
  }, [state, client, id]);
  return state;
}

type Page<T> = { data: readonly T[]; has_more: boolean };

/** The newest first; what is there already stays once. */
export function inFront<T extends { id: string }, P>(list: InfiniteData<Page<T>, P>, item: T): InfiniteData<Page<T>, P> {
  const [first, ...others] = list.pages;
  if (!first || list.pages.some(({ data }) => data.some(({ id }) => id === item.id))) return list;
  return { ...list, pages: [{ ...first, data: [item, ...first.data] }, ...others] };
}
