import { Badge, Button, Group, Text } from "@mantine/core";
import { IconPlus, IconUsers } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas } from "~/api/client";
import { Empty } from "~/components/Empty";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { Listing } from "~/pages/settings/Listing";
import { AddMember, ChangeRole, RemoveMember } from "~/pages/settings/member-dialogs";
import { useChosenProject } from "~/pages/settings/organization";
import { organization } from "~/pages/settings/organization-words";
import { usePaged } from "~/pages/settings/paged";
import { ProjectChoice } from "~/pages/settings/ProjectChoice";
import { Section } from "~/pages/settings/Section";
import { settings } from "~/pages/settings/words";
import { useSession } from "~/session";

type Member = Schemas["MemberWire"];
type Doing = { kind: "add" } | { kind: "change" | "remove"; member: Member } | null;

export function MembersTab() {
  const say = useWords(organization).members;
  const client = useQueryClient();
  const project = useChosenProject("/settings/members");
  const [doing, setDoing] = useState<Doing>(null);
  const close = () => setDoing(null);
  const changed = () => {
    close();
    void client.invalidateQueries({ queryKey: ["organization"] });
    void client.invalidateQueries({ queryKey: ["me"] });
  };
  const add = <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setDoing({ kind: "add" })}>{say.add}</Button>;
  return (
    <Section title={say.title} text={say.text} actions={add}>
      <ProjectChoice {...project} />
      <MemberList key={project.id} project={project.id} act={setDoing} />
      {doing?.kind === "add" && <AddMember project={project} close={close} done={changed} />}
      {doing?.kind === "change" && <ChangeRole project={project} member={doing.member} close={close} done={changed} />}
      {doing?.kind === "remove" && <RemoveMember project={project} member={doing.member} close={close} done={changed} />}
    </Section>
  );
}

function MemberList({ project, act }: { project: string; act: (doing: Doing) => void }) {
  const say = useWords(organization).members;
  const all = useWords(settings);
  const format = useFormat();
  const { me } = useSession();
  const paged = usePaged<Member>(["organization", "members", project], (after) =>
    body(api.GET("/v1/organization/projects/{project_id}/members", { params: { path: { project_id: project }, query: { after, limit: 50 } } })),
  );
  return (
    <Listing
      label={say.title} paged={paged} idOf={(member) => member.id}
      empty={<Empty icon={IconUsers} title={say.none} text={say.noneText} />}
      columns={[
        {
          title: say.name,
          cell: (member) => (
            <>
              <Group gap="xs">
                <Text fw={600} lineClamp={2}><bdi>{member.name}</bdi></Text>
                {member.id === me?.member_id && <Badge size="sm" variant="light" tt="none">{all.you}</Badge>}
              </Group>
              <Text size="sm" c="dimmed"><bdi>{member.email}</bdi></Text>
            </>
          ),
        },
        { title: say.role, width: "6.5rem", cell: (member) => <Badge variant="light" color="gray" tt="none">{all.role[member.role]}</Badge> },
        { title: say.added, width: "7.5rem", cell: (member) => <Text size="sm">{format.instant(member.added_at)}</Text> },
        {
          title: all.actions, isActions: true, width: "14.5rem",
          cell: (member) => (
            <Group gap={4} className="buttons">
              <Button
                size="compact-sm" variant="subtle" aria-label={all.actionOn(say.change, member.name)} onClick={() => act({ kind: "change", member })}
              >
                {say.change}
              </Button>
              {!(member.id === me?.member_id && project === me.project_id) && (
                <Button
                  size="compact-sm" variant="subtle" color="red" aria-label={all.actionOn(say.remove, member.name)}
                  onClick={() => act({ kind: "remove", member })}
                >
                  {say.remove}
                </Button>
              )}
            </Group>
          ),
        },
      ]}
    />
  );
}
