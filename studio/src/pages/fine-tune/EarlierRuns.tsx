import { NativeSelect, Select, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "~/api/client";
import { Failed } from "~/components/Failed";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { checkpointsQuery, recentJobsQuery, tunedModelsQuery } from "~/pages/fine-tune/queries";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";
import { api, body } from "~/api/client";

const CHECKPOINT = /:ckpt-step-\d+$/;
const JOB = "job:";
// A tuned model's name ends with so many characters of its job's id.
const ID_LENGTH = 12;

/** A tuned model, or a checkpoint of it, to go on from; jobs that did not finish offer their checkpoints. */
export function EarlierRuns() {
  const say = useWords(sayings);
  const format = useFormat();
  const { draft, change, startsFromTuned } = useSetup();
  const models = useQuery(tunedModelsQuery);
  const jobs = useQuery(recentJobsQuery);
  const tuned = (models.data?.data ?? []).filter((model) => model.base_model).reverse();
  const unfinished = (jobs.data?.data ?? []).filter((job) => !job.fine_tuned_model && job.step > 0);

  const model = startsFromTuned ? draft.model.replace(CHECKPOINT, "") : null;
  const ofJob = model === null ? null : (unfinished.find((job) => model.endsWith(`:${shortId(job.id)}`)) ?? null);
  const jobId = useJobOf(model, jobs.data?.data ?? [], ofJob);
  const checkpoints = useQuery(checkpointsQuery(jobId));
  const chosen = ofJob ? JOB + ofJob.id : model;

  const choose = (value: string | null) => {
    if (value === null) change({ model: "" });
    else if (!value.startsWith(JOB)) change({ model: value });
    else void firstCheckpoint(value.slice(JOB.length)).then((name) => name && change({ model: name }));
  };
  if (tuned.length === 0 && unfinished.length === 0 && model === null) return null;
  const options = [
    { group: say.tuned, items: withChosen(tuned.map(({ id }) => ({ value: id, label: id })), ofJob ? null : model) },
    { group: say.withCheckpoints, items: unfinished.map(({ id, model: from }) => ({ value: JOB + id, label: `${id} · ${from}` })) },
  ].filter(({ items }) => items.length > 0);
  const states = [
    ...(ofJob || model === null ? [] : [{ value: model, label: say.finished }]),
    ...(checkpoints.data?.data ?? []).map((each) => ({
      value: each.fine_tuned_model_checkpoint,
      label: say.checkpoint(format.count(each.step_number), lossOf(each, format.number)),
    })),
  ];
  return (
    <Stack gap="xs" component="section">
      <Title order={2} size="h4">{say.earlierTitle}</Title>
      <Text c="dimmed" size="sm">{say.earlierText}</Text>
      {(models.error || jobs.error) && <Failed error={models.error ?? jobs.error} />}
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <Select
          label={say.earlier} placeholder={say.earlierPlaceholder} data={options} value={chosen} onChange={choose} searchable clearable limit={50}
          nothingFoundMessage={say.nothingFound} checkIconPosition="right" comboboxProps={{ withinPortal: true }}
        />
        {model !== null && (
          <NativeSelect
            label={say.startAt} value={draft.model} data={withChosen(states, draft.model)} disabled={checkpoints.isLoading}
            onChange={(event) => change({ model: event.currentTarget.value })}
          />
        )}
      </SimpleGrid>
    </Stack>
  );
}

/** Which job made a model: among the newest jobs, or by the model's lineage. */
function useJobOf(model: string | null, jobs: readonly Schemas["JobWire"][], ofJob: Schemas["JobWire"] | null): string | null {
  const near = ofJob?.id ?? jobs.find((job) => job.fine_tuned_model === model)?.id ?? null;
  const lineage = useQuery({
    queryKey: ["lineage", model],
    enabled: model !== null && near === null,
    retry: false,
    queryFn: () => body(api.GET("/v1/models/{model}/lineage", { params: { path: { model: model ?? "" } } })),
  });
  return model === null ? null : (near ?? lineage.data?.job_id ?? null);
}

async function firstCheckpoint(jobId: string): Promise<string | null> {
  const found = await body(api.GET("/v1/fine_tuning/jobs/{job_id}/checkpoints", { params: { path: { job_id: jobId }, query: { limit: 1 } } }));
  return found.data[0]?.fine_tuned_model_checkpoint ?? null;
}

function shortId(jobId: string): string {
  return jobId.replace(/^ftjob-/, "").slice(0, ID_LENGTH);
}

function lossOf(checkpoint: Schemas["CheckpointWire"], number: (value: number) => string): string | null {
  const loss = checkpoint.metrics.valid_loss ?? checkpoint.metrics.train_loss;
  return loss === undefined || loss === null ? null : number(loss);
}

/** A select shows what is chosen, also where the list does not hold it (any more). */
function withChosen(options: { value: string; label: string }[], chosen: string | null) {
  return chosen === null || options.some(({ value }) => value === chosen) ? options : [{ value: chosen, label: chosen }, ...options];
}
