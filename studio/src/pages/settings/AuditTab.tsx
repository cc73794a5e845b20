import { Code, NativeSelect, Text } from "@mantine/core";
import { IconListDetails } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, body, type Schemas } from "~/api/client";
import { Empty } from "~/components/Empty";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { type AuditAction, auditActions } from "~/pages/settings/audit-words";
import { detailOf, memberOf } from "~/pages/settings/audit";
import { Listing } from "~/pages/settings/Listing";
import { useMembers } from "~/pages/settings/organization";
import { organization } from "~/pages/settings/organization-words";
import { usePaged } from "~/pages/settings/paged";
import { Section } from "~/pages/settings/Section";
import { settings } from "~/pages/settings/words";
import { useSession } from "~/session";

type Entry = Schemas["AuditEntry"];
type Names = ReadonlyMap<string, string>;

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
  const names = useNames();
  const columns = [
    { title: say.when, width: "12rem", cell: (entry: Entry) => <Text size="sm">{format.instant(entry.effective_at)}</Text> },
    {
      title: say.who, width: "10rem",
      cell: (entry: Entry) => (
        <>
          <Who entry={entry} names={names} />
          {me?.is_admin && entry.project && <Text size="sm" c="dimmed">{say.inProject(names.get(entry.project.id ?? "") ?? entry.project.id ?? "")}</Text>}
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
    { title: say.detail, cell: (entry: Entry) => <Details entry={entry} names={names} /> },
  ];
  return (
    <Listing
      label={say.title} paged={paged} idOf={(entry) => entry.id} columns={columns}
      empty={<Empty icon={IconListDetails} title={kind ? say.noneOfKind : say.none} text={kind ? say.noneOfKindText : say.noneText} />}
    />
  );
}

function Who({ entry, names }: { entry: Entry; names: Names }) {
  const say = useWords(organization).audit;
  const all = useWords(settings);
  const { me } = useSession();
  const member = memberOf(entry);
  if (member === null) return <Text size="sm">{say.operator}</Text>;
  if (member === me?.member_id) return <Text size="sm">{all.you}</Text>;
  const name = names.get(member);
  return name === undefined ? <Code className="id">{member}</Code> : <Text size="sm" lineClamp={2} title={member}><bdi>{name}</bdi></Text>;
}

function Details({ entry, names }: { entry: Entry; names: Names }) {
  return detailOf(entry).map(([name, value]) => (
    <Text key={name} size="sm" c="dimmed" lineClamp={3}>{name}: <bdi>{names.get(value) ?? value}</bdi></Text>
  ));
}

/** Ids of projects, and of the members of one's own, with the names that an administrator's key may know. */
function useNames(): Names {
  const { me, may } = useSession();
  const mayKnow = may("administer");
  const { data: projects } = useQuery({
    queryKey: ["organization", "projects", "names"],
    queryFn: () => body(api.GET("/v1/organization/projects", { params: { query: { limit: 100, include_archived: true } } })),
    enabled: mayKnow,
  });
  const { data: members } = useMembers(me?.project_id ?? "", mayKnow);
  return useMemo(() => {
    const own = me ? [{ id: me.project_id, name: me.project_name }] : [];
    return new Map([...own, ...(projects?.data ?? []), ...(members ?? [])].map(({ id, name }) => [id, name]));
  }, [me, projects, members]);
}
