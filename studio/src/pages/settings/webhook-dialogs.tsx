import { Alert, Checkbox, NativeSelect, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas } from "~/api/client";
import { Failed } from "~/components/Failed";
import { useWords } from "~/i18n/language";
import { Dialog } from "~/pages/settings/Dialog";
import { type EventType, grouped, judged, offered, partsOf, typeInWords } from "~/pages/settings/event-types";
import { webhooks } from "~/pages/settings/webhooks-words";

type Endpoint = Schemas["EndpointWire"];
type Props = { endpoint: Endpoint; close: () => void };

const DEFAULT_TYPES = ["fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled"];

/** A new endpoint, or other values of this one. */
export function EndpointDialog({ endpoint, close, done }: Partial<Pick<Props, "endpoint">> & { close: () => void; done: (made: Endpoint) => void }) {
  const say = useWords(webhooks);
  const [name, setName] = useState(endpoint?.name ?? "");
  const [url, setUrl] = useState(endpoint?.url ?? "");
  const [types, setTypes] = useState<string[]>(endpoint?.event_types ?? DEFAULT_TYPES);
  const filled = { name: name.trim(), url: url.trim(), event_types: types as EventType[] };
  const run = () =>
    endpoint
      ? body(api.POST("/v1/webhook_endpoints/{webhook_endpoint_id}", { params: { path: { webhook_endpoint_id: endpoint.id } }, body: filled }))
      : body(api.POST("/v1/webhook_endpoints", { body: filled }));
  return (
    <Dialog
      title={endpoint ? say.editTitle(endpoint.name) : say.create} close={close} action={endpoint ? say.edit : say.create} run={run} done={done}
      isReady={filled.name !== "" && filled.url !== "" && types.length > 0} size="lg" fields={["name", "url"]}
    >
      {(errorAt) => (
        <>
          <TextInput
            label={say.name} description={say.nameHint} value={name} onChange={(event) => setName(event.currentTarget.value)} required
            data-autofocus autoComplete="off" maxLength={200} error={errorAt("name")}
          />
          <TextInput
            label={say.url} description={say.urlHint} value={url} onChange={(event) => setUrl(event.currentTarget.value)} required
            placeholder="https://" inputMode="url" autoComplete="off" spellCheck={false} maxLength={2048} error={errorAt("url")}
          />
          <EventTypes chosen={types} choose={setTypes} />
        </>
      )}
    </Dialog>
  );
}

function EventTypes({ chosen, choose }: { chosen: string[]; choose: (types: string[]) => void }) {
  const say = useWords(webhooks);
  const { types, error } = useEventTypes();
  const [given] = useState(chosen);
  const shown = offered(types, given);
  if (error) return <Failed error={error} />;
  return (
    <Checkbox.Group label={say.types} value={chosen} onChange={choose} error={chosen.length === 0 && say.noTypes}>
      <SimpleGrid cols={{ base: 1, xs: 3 }} mt={6}>
        {grouped(shown).map(({ group, types: members }) => (
          <Stack key={group} gap={6} role="group" aria-label={say.group[group] ?? group}>
            <Text size="sm" c="dimmed">{say.group[group] ?? group}</Text>
            {members.map((type) => <Checkbox key={type} value={type} label={say.outcome[partsOf(type).outcome] ?? type} />)}
          </Stack>
        ))}
      </SimpleGrid>
    </Checkbox.Group>
  );
}

function useEventTypes() {
  const { data, error } = useQuery({ queryKey: ["webhook-event-types"], queryFn: () => body(api.GET("/v1/webhook_event_types")), staleTime: Infinity });
  return { types: data?.data ?? [], error };
}

export function RotateSecret({ endpoint, close, done }: Props & { done: (rotated: Endpoint) => void }) {
  const say = useWords(webhooks);
  const [keepsOld, setKeepsOld] = useState(true);
  const run = () =>
    body(
      api.POST("/v1/webhook_endpoints/{webhook_endpoint_id}/rotate_secret", {
        params: { path: { webhook_endpoint_id: endpoint.id } },
        body: { keep_old_secret_active_for_24_hours: keepsOld },
      }),
    );
  return (
    <Dialog title={say.rotateTitle(endpoint.name)} close={close} action={say.rotate} run={run} done={done}>
      <Text size="sm">{say.rotateText}</Text>
      <Checkbox
        label={say.keepOld} description={keepsOld ? say.keepOldHint : say.dropOld} checked={keepsOld}
        onChange={(event) => setKeepsOld(event.currentTarget.checked)}
      />
    </Dialog>
  );
}

/** Stays open after a message was sent, with what came back. */
export function TestEndpoint({ endpoint, close }: Props) {
  const say = useWords(webhooks);
  const [type, setType] = useState(endpoint.event_types[0] ?? DEFAULT_TYPES[0] ?? "");
  const [status, setStatus] = useState<number | null>(null);
  const run = () => {
    setStatus(null);
    const path = { webhook_endpoint_id: endpoint.id };
    return body(api.POST("/v1/webhook_endpoints/{webhook_endpoint_id}/test", { params: { path }, body: { event_type: type as EventType } }));
  };
  return (
    <Dialog title={say.testTitle(endpoint.name)} close={close} action={say.send} run={run} done={(result) => setStatus(result.status_code)}>
      <Text size="sm">{say.testText}</Text>
      <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}><bdi>{endpoint.url}</bdi></Text>
      <NativeSelect
        label={say.testType} value={type} onChange={(event) => setType(event.currentTarget.value)}
        data={endpoint.event_types.map((value) => ({ value, label: typeInWords(value, say) }))}
      />
      {status !== null && <Answer status={status} />}
    </Dialog>
  );
}

function Answer({ status }: { status: number }) {
  const say = useWords(webhooks);
  const verdict = judged(status);
  const text = { good: say.answeredGood, gone: say.answeredGone, bad: say.answeredBad }[verdict];
  return <Alert role="status" color={verdict === "good" ? "teal" : "orange"} title={say.answered(status)}>{text}</Alert>;
}
