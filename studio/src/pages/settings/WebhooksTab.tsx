import { Alert, Button, Code, Group, Text } from "@mantine/core";
import { IconPlus, IconWebhook } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas } from "~/api/client";
import { Confirm } from "~/components/Confirm";
import { Empty } from "~/components/Empty";
import { useWords } from "~/i18n/language";
import { useInstallation } from "~/pages/home/queries";
import { grouped, groupInWords } from "~/pages/settings/event-types";
import { type Column, Listing } from "~/pages/settings/Listing";
import { usePaged } from "~/pages/settings/paged";
import { SecretOnce } from "~/pages/settings/SecretOnce";
import { Section } from "~/pages/settings/Section";
import { EndpointDialog, RotateSecret, TestEndpoint } from "~/pages/settings/webhook-dialogs";
import { webhooks } from "~/pages/settings/webhooks-words";
import { settings } from "~/pages/settings/words";
import { May, useSession } from "~/session";

type Endpoint = Schemas["EndpointWire"];
type Doing = { kind: "create" } | { kind: "secret" | "edit" | "rotate" | "test" | "remove"; endpoint: Endpoint } | null;

export function WebhooksTab() {
  const say = useWords(webhooks);
  const client = useQueryClient();
  const installation = useInstallation();
  const [doing, setDoing] = useState<Doing>(null);
  const close = () => setDoing(null);
  const renew = () => void client.invalidateQueries({ queryKey: ["webhooks"] });
  const changed = () => {
    close();
    renew();
  };
  const madeSecret = (endpoint: Endpoint) => {
    setDoing({ kind: "secret", endpoint });
    renew();
  };
  const create = <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setDoing({ kind: "create" })}>{say.create}</Button>;
  return (
    <Section
      title={say.title} text={say.text}
      actions={<May action="webhook.write">{create}</May>}
    >
      {installation.data?.is_offline && <Alert color="orange">{say.offline}</Alert>}
      <EndpointList act={setDoing} />
      {doing?.kind === "create" && <EndpointDialog close={close} done={madeSecret} />}
      {doing?.kind === "secret" && (
        <SecretOnce title={say.made(doing.endpoint.name)} secret={doing.endpoint.signing_secret ?? ""} close={close}>{say.madeHint}</SecretOnce>
      )}
      {doing?.kind === "edit" && <EndpointDialog endpoint={doing.endpoint} close={close} done={changed} />}
      {doing?.kind === "rotate" && <RotateSecret endpoint={doing.endpoint} close={close} done={madeSecret} />}
      {doing?.kind === "test" && <TestEndpoint endpoint={doing.endpoint} close={close} />}
      {doing?.kind === "remove" && (
        <Confirm
          isOpen close={close} done={renew} title={say.removeTitle(doing.endpoint.name)} action={say.remove}
          consequences={[<bdi style={{ overflowWrap: "anywhere" }}>{say.removeNow(doing.endpoint.url)}</bdi>, say.removePending, say.removeSecret]}
          run={() => body(api.DELETE("/v1/webhook_endpoints/{webhook_endpoint_id}", { params: { path: { webhook_endpoint_id: doing.endpoint.id } } }))}
        />
      )}
    </Section>
  );
}

function EndpointList({ act }: { act: (doing: Doing) => void }) {
  const say = useWords(webhooks);
  const all = useWords(settings);
  const { may } = useSession();
  const paged = usePaged<Endpoint>(["webhooks"], (after) => body(api.GET("/v1/webhook_endpoints", { params: { query: { after, limit: 50 } } })));
  const columns: Column<Endpoint>[] = [
    {
      title: say.name,
      cell: (endpoint) => (
        <>
          <Text fw={600} lineClamp={2}><bdi>{endpoint.name}</bdi></Text>
          <Text size="sm" c="dimmed" lineClamp={3}><bdi>{endpoint.url}</bdi></Text>
          <Text size="sm" c="dimmed">{say.secret} <Code>{endpoint.signing_secret_hint}</Code></Text>
        </>
      ),
    },
    {
      title: say.types, width: "12rem",
      cell: (endpoint) => grouped(endpoint.event_types).map(({ group, types }) => <Text key={group} size="sm">{groupInWords(group, types, say)}</Text>),
    },
  ];
  if (may("webhook.write")) columns.push({ title: all.actions, isActions: true, width: "14rem", cell: (endpoint) => <Actions endpoint={endpoint} act={act} /> });
  return (
    <Listing
      label={say.title} paged={paged} idOf={(endpoint) => endpoint.id} columns={columns}
      empty={<Empty icon={IconWebhook} title={say.none} text={may("webhook.write") ? say.noneText : say.noneReader} />}
    />
  );
}

function Actions({ endpoint, act }: { endpoint: Endpoint; act: (doing: Doing) => void }) {
  const say = useWords(webhooks);
  const all = useWords(settings);
  return (
    <Group gap={4} className="buttons">
      {(["test", "edit", "rotate", "remove"] as const).map((kind) => (
        <Button
          key={kind} size="compact-sm" variant="subtle" color={kind === "remove" ? "red" : undefined} onClick={() => act({ kind, endpoint })}
          aria-label={all.actionOn(say[kind], endpoint.name)}
        >
          {say[kind]}
        </Button>
      ))}
    </Group>
  );
}
