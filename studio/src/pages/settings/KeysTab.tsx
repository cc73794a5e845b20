import { Badge, Button, Code, Group, Text } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas } from "~/api/client";
import { Confirm } from "~/components/Confirm";
import { Empty } from "~/components/Empty";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { Listing } from "~/pages/settings/Listing";
import { NewKey } from "~/pages/settings/NewKey";
import { useChosenProject } from "~/pages/settings/organization";
import { organization } from "~/pages/settings/organization-words";
import { usePaged } from "~/pages/settings/paged";
import { ProjectChoice } from "~/pages/settings/ProjectChoice";
import { SecretOnce } from "~/pages/settings/SecretOnce";
import { Section } from "~/pages/settings/Section";
import { settings } from "~/pages/settings/words";
import { useSession } from "~/session";

type Key = Schemas["KeyWire"];
type Doing = { kind: "create" } | { kind: "made" | "revoke"; key: Key } | null;

export function KeysTab() {
  const say = useWords(organization).keys;
  const client = useQueryClient();
  const project = useChosenProject("/settings/keys");
  const [doing, setDoing] = useState<Doing>(null);
  const close = () => setDoing(null);
  const renew = () => void client.invalidateQueries({ queryKey: ["organization", "keys"] });
  const create = <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setDoing({ kind: "create" })}>{say.create}</Button>;
  const made = (key: Key) => {
    setDoing({ kind: "made", key });
    renew();
  };
  return (
    <Section title={say.title} text={say.text} actions={create}>
      <ProjectChoice {...project} />
      <KeyList key={project.id} project={project.id} revoke={(key) => setDoing({ kind: "revoke", key })} />
      {doing?.kind === "create" && <NewKey project={project} close={close} done={made} />}
      {doing?.kind === "made" && (
        <SecretOnce title={say.made(doing.key.name)} secret={doing.key.value ?? ""} close={close}>{say.madeHint}</SecretOnce>
      )}
      {doing?.kind === "revoke" && <Revoke project={project.id} revoked={doing.key} close={close} done={renew} />}
    </Section>
  );
}

function KeyList({ project, revoke }: { project: string; revoke: (key: Key) => void }) {
  const say = useWords(organization).keys;
  const all = useWords(settings);
  const format = useFormat();
  const { me } = useSession();
  const paged = usePaged<Key>(["organization", "keys", project], (after) =>
    body(api.GET("/v1/organization/projects/{project_id}/api_keys", { params: { path: { project_id: project }, query: { after, limit: 50 } } })),
  );
  return (
    <Listing
      label={say.title} paged={paged} idOf={(key) => key.id}
      empty={<Empty icon={IconKey} title={say.none} text={say.noneText} />}
      columns={[
        {
          title: say.name,
          cell: (key) => (
            <>
              <Text fw={600} lineClamp={2}><bdi>{key.name}</bdi></Text>
              <Code>{key.redacted_value}</Code>
              <Text size="sm" c="dimmed" lineClamp={2}>{say.actsFor} <bdi>{key.owner.user.name}</bdi></Text>
            </>
          ),
        },
        {
          title: say.role, width: "9rem",
          cell: (key) => (
            <Group gap={4}>
              <Badge variant="light" color="gray" tt="none">{all.role[key.role]}</Badge>
              {key.is_admin && <Badge variant="light" color="orange" tt="none">{all.administrator}</Badge>}
            </Group>
          ),
        },
        { title: all.created, width: "8rem", cell: (key) => <Text size="sm">{format.instant(key.created_at)}</Text> },
        {
          title: say.lastUsed, width: "8rem",
          cell: (key) => <Text size="sm">{key.last_used_at === null ? all.never : format.instant(key.last_used_at)}</Text>,
        },
        {
          title: all.actions, isActions: true, width: "7rem",
          cell: (key) => key.id === me?.key_id
            ? <Badge variant="light" tt="none">{say.own}</Badge>
            : (
              <Button size="compact-sm" variant="subtle" color="red" aria-label={all.actionOn(say.revoke, key.name)} onClick={() => revoke(key)}>
                {say.revoke}
              </Button>
            ),
        },
      ]}
    />
  );
}

function Revoke({ project, revoked, close, done }: { project: string; revoked: Key; close: () => void; done: () => void }) {
  const say = useWords(organization).keys;
  const format = useFormat();
  const used = revoked.last_used_at === null ? say.revokeUnused : say.revokeUsed(format.instant(revoked.last_used_at));
  const path = { project_id: project, key_id: revoked.id };
  return (
    <Confirm
      isOpen close={close} done={done} title={say.revokeTitle(revoked.name)} consequences={[say.revokeNow, used, say.revokeWork]} action={say.revoke}
      run={() => body(api.DELETE("/v1/organization/projects/{project_id}/api_keys/{key_id}", { params: { path } }))}
    />
  );
}
