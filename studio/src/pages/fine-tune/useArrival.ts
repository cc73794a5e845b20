import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import type { Step } from "~/pages/fine-tune/draft";
import { jobQuery } from "~/pages/fine-tune/queries";
import { fromJob } from "~/pages/fine-tune/taken";
import { useSetup } from "~/pages/fine-tune/useSetup";

const route = getRouteApi("/fine-tune");

/**
 * What the address brings along (a file, a model, a job to copy) is taken into the setup once and then leaves the
 * address: a reload must not undo what was changed since.
 */
export function useArrival(): void {
  const { model, training_file, from_job, step } = route.useSearch();
  const navigate = route.useNavigate();
  const { settled, change, replace, tell } = useSetup();
  const job = useQuery({ ...jobQuery(from_job ?? ""), enabled: from_job !== undefined, retry: false });

  useEffect(() => {
    if (from_job === undefined || job.isPending) return;
    if (job.data) {
      const { draft: copy, leftOut } = fromJob(job.data);
      replace(copy, { kind: "cloned", name: from_job, leftOut });
    } else tell({ kind: "cloneFailed", name: from_job, leftOut: [], before: null });
    void navigate({ replace: true, search: { step: step ?? (job.data ? "review" : "model") } });
  }, [from_job, job.isPending, job.data, replace, tell, navigate, step]);

  useEffect(() => {
    if (from_job !== undefined || (model === undefined && training_file === undefined)) return;
    change({ ...(model === undefined ? {} : { model }), ...(training_file === undefined ? {} : { trainingFile: training_file }) });
    void navigate({ replace: true, search: { step: step ?? firstOpen(model !== undefined || settled.has("model"), training_file !== undefined || settled.has("data")) } });
  }, [from_job, model, training_file, step, settled, change, navigate]);
}

function firstOpen(hasModel: boolean, hasFile: boolean): Step {
  if (!hasModel) return "model";
  return hasFile ? "method" : "data";
}
