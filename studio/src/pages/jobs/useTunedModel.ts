import { useQuery } from "@tanstack/react-query";
import { api, body } from "~/api/client";
import { readName } from "~/pages/models/names";
import { MODELS_KEY } from "~/pages/models/queries";
import { useSession } from "~/session";
import type { Job } from "./queries";

/** What became of the model that a job made: `deleted` only where the server's list of models lacks it. */
export type TunedModel = { name: string; base: string | null; state: "unknown" | "there" | "deleted" };

/** From the list, where a model that is gone is no error. Asked for once the job names it: an older list may lack it too. */
export function useTunedModel({ fine_tuned_model: name }: Pick<Job, "fine_tuned_model">): TunedModel | null {
  const { may } = useSession();
  const { data } = useQuery({
    queryKey: [...MODELS_KEY, name],
    queryFn: async () => (await body(api.GET("/v1/models"))).data,
    enabled: name !== null && may("model.read"),
  });
  if (name === null) return null;
  const found = data?.find(({ id }) => id === name);
  if (found) return { name, base: found.base_model ?? null, state: "there" };
  return { name, base: null, state: data ? "deleted" : "unknown" };
}

/** The base model to try the job's models beside; null where it is not known, because the job went on from a tuned one. */
export function baseOf(job: Pick<Job, "model">, tuned: TunedModel | null): string | null {
  return tuned?.base ?? (readName(job.model) === null ? job.model : null);
}
