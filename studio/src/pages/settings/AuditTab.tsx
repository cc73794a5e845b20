import { Code, NativeSelect, Text } from "@mantine/core";
import { IconListDetails } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas } from "~/api/client";
import { Empty } from "~/components/Empty";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { type AuditAction, auditActions } from "~/pages/settings/audit-words";
import { detailOf, memberOf } from "~/pages/settings/audit";
import { Listing } from "~/pages/settings/Listing";
import { organization } from "~/pages/settings/organization-words";
import { usePaged } from "~/pages/settings/paged";
import { Section } from "~/pages/settings/Section";
import { settings } from "~/pages/settings/words";
import { useSession } from "~/session";

type Entry = Schemas["AuditEntry"];

export function AuditTab() {
  const say = useWords(organization).audit;
  const actions = useWords(auditActions);
  const { me } = useSession();
  const [kind, setKind] = useState("");
  const kinds = Object.entries(actions).map(([value, label]) => ({ value, label: `${label} (${value})` }));
  return (
    <Section title={say.title} text={me?.is_admin ? say.textAll : say.text}>
      <NativeSelect
        label={say.kind} value={kind} onChange={(event) => setKind(event.currentTarget.value)} maw={360} data={[{ value: "", label: say.all }, ...kinds]}
      />
      <Entries key={kind} kind={kind} />
    </Section>
  );
}

function Entries({ kind }: { kind: string }) {
  const say = useWords(organization).audit;
  const actions = useWords(auditActions);
  const format = useFormat();
  const { me } = useSession();
  const paged = usePaged<Entry>(["organization", "audit", kind], (after) =>
    body(api.GET("/v1/organization/audit_logs", { params: { query: { after, limit: 50, ...(kind && { "event_types[]": [kind] }) } } })),
  );
  const projects = useProjectNames();
  const columns = [
    { title: say.when, width: "11rem", cell: (entry: Entry) => <Text size="sm">{format.instant(entry.effective_at)}</Text> },
    {
      title: say.who, width: "10rem",
      cell: (entry: Entry) => (
        <>
          <Who entry={entry} />
          {me?.is_admin && entry.project && <Text size="sm" c="dimmed">{say.inProject(projects.get(entry.project.id ?? "") ?? entry.project.id ?? "")}</Text>}
        </>
      ),
    },
    {
      title: say.what,
      cell: (entry: Entry) => (
        <>
          <Text size="sm" fw={500}>{actions[entry.type as AuditAction] ?? entry.type}</Text>
          {entry.object_id && <Code className="id">{entry.object_id}</Code>}
        </>
      ),
    },
    { title: say.detail, cell: (entry: Entry) => <Details entry={entry} projects={projects} /> },
  ];
  return (
    <Listing
      label={say.title} paged={paged} idOf={(entry) => entry.id} columns={columns}
      empty={<Empty icon={IconListDetails} title={kind ? say.noneOfKind : say.none} text={kind ? say.noneOfKindText : say.noneText} />}
    />
  );
}

function Who({ entry }: { entry: Entry }) {
  const say = useWords(organization).audit;
  const all = useWords(settings);
  const { me } = useSession();
  const member = memberOf(entry);
  if (member === null) return <Text size="sm">{say.operator}</Text>;
  return member === me?.member_id ? <Text size="sm">{all.you}</Text> : <Code className="id">{member}</Code>;
}

function Details({ entry, projects }: { entry: Entry; projects: ReadonlyMap<string, string> }) {
  return detailOf(entry).map(([name, value]) => (
    <Text key={name} size="sm" c="dimmed" lineClamp={3}>{name}: <bdi>{projects.get(value) ?? value}</bdi></Text>
  ));
}

/** Project's id → its name, where the key may know them. */
function useProjectNames(): ReadonlyMap<string, string> {
  const { me, may } = useSession();
  const { data } = useQuery({
    queryKey: ["organization", "projects", "names"],
    queryFn: () => body(api.GET("/v1/organization/projects", { params: { query: { limit: 100, include_archived: true } } })),
    enabled: may("administer"),
  });
  return new Map([...(me ? [[me.project_id, me.project_name] as const] : []), ...(data?.data ?? []).map(({ id, name }) => [id, name] as const)]);
}
