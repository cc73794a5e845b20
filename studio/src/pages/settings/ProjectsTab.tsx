import { Badge, Button, Group, Switch, Text, TextInput } from "@mantine/core";
import { IconFolders, IconPlus } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas } from "~/api/client";
import { Confirm } from "~/components/Confirm";
import { Empty } from "~/components/Empty";
import { LinkButton } from "~/components/RouteLink";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { Dialog } from "~/pages/settings/Dialog";
import { Listing } from "~/pages/settings/Listing";
import { PROJECT_NAME } from "~/pages/settings/organization";
import { organization } from "~/pages/settings/organization-words";
import { usePaged } from "~/pages/settings/paged";
import { Section } from "~/pages/settings/Section";
import { settings } from "~/pages/settings/words";
import { useSession } from "~/session";

type Project = Schemas["ProjectWire"];
type Doing = { kind: "create" } | { kind: "rename"; project: Project } | { kind: "archive"; project: Project } | null;

export function ProjectsTab() {
  const say = useWords(organization).projects;
  const client = useQueryClient();
  const [showsArchived, setShowsArchived] = useState(false);
  const [doing, setDoing] = useState<Doing>(null);
  const close = () => setDoing(null);
  const changed = () => {
    close();
    void client.invalidateQueries({ queryKey: ["organization"] });
    void client.invalidateQueries({ queryKey: ["me"] });
  };
  const create = <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setDoing({ kind: "create" })}>{say.create}</Button>;
  return (
    <Section title={say.title} text={say.text} actions={create}>
      <Switch label={say.showArchived} checked={showsArchived} onChange={(event) => setShowsArchived(event.currentTarget.checked)} />
      <ProjectList showsArchived={showsArchived} act={setDoing} />
      {doing?.kind === "create" && <NameDialog close={close} done={changed} />}
      {doing?.kind === "rename" && <NameDialog project={doing.project} close={close} done={changed} />}
      {doing?.kind === "archive" && (
        <Confirm
          isOpen close={close} done={changed} title={say.archiveTitle(doing.project.name)} consequences={[say.keysDie, say.nobodyReads, say.nameStays]}
          action={say.archive}
          run={() => body(api.POST("/v1/organization/projects/{project_id}/archive", { params: { path: { project_id: doing.project.id } } }))}
        />
      )}
    </Section>
  );
}

function ProjectList({ showsArchived, act }: { showsArchived: boolean; act: (doing: Doing) => void }) {
  const say = useWords(organization).projects;
  const all = useWords(settings);
  const format = useFormat();
  const { me } = useSession();
  const paged = usePaged<Project>(["organization", "projects", { showsArchived }], (after) =>
    body(api.GET("/v1/organization/projects", { params: { query: { after, limit: 50, include_archived: showsArchived } } })),
  );
  return (
    <Listing
      label={say.title} paged={paged} idOf={(project) => project.id}
      empty={<Empty icon={IconFolders} title={say.none} text={say.noneText} />}
      columns={[
        {
          title: say.name,
          cell: (project) => (
            <Group gap="xs">
              <Text fw={600}>{project.name}</Text>
              {project.id === me?.project_id && <Badge size="sm" variant="light" tt="none">{say.own}</Badge>}
              {project.status === "archived" && <Badge size="sm" variant="light" color="gray" tt="none">{say.archived}</Badge>}
            </Group>
          ),
        },
        { title: all.created, width: "8rem", cell: (project) => <Text size="sm">{format.instant(project.created_at)}</Text> },
        {
          title: all.actions, isActions: true, width: "23rem",
          cell: (project) => project.status === "active" && (
            <Group gap={4} className="buttons">
              <LinkButton
                to="/settings/members" search={{ project: project.id }} size="compact-sm" variant="subtle"
                aria-label={all.actionOn(say.membersOf, project.name)}
              >
                {say.membersOf}
              </LinkButton>
              <LinkButton
                to="/settings/keys" search={{ project: project.id }} size="compact-sm" variant="subtle"
                aria-label={all.actionOn(say.keysOf, project.name)}
              >
                {say.keysOf}
              </LinkButton>
              <Button
                size="compact-sm" variant="subtle" aria-label={all.actionOn(say.rename, project.name)}
                onClick={() => act({ kind: "rename", project })}
              >
                {say.rename}
              </Button>
              {project.id !== me?.project_id && (
                <Button
                  size="compact-sm" variant="subtle" color="red" aria-label={all.actionOn(say.archive, project.name)}
                  onClick={() => act({ kind: "archive", project })}
                >
                  {say.archive}
                </Button>
              )}
            </Group>
          ),
        },
      ]}
    />
  );
}

/** For a new project, or another name for this one. */
function NameDialog({ project, close, done }: { project?: Project; close: () => void; done: () => void }) {
  const say = useWords(organization).projects;
  const [name, setName] = useState(project?.name ?? "");
  const isGood = PROJECT_NAME.test(name);
  const run = () =>
    project
      ? body(api.POST("/v1/organization/projects/{project_id}", { params: { path: { project_id: project.id } }, body: { name } }))
      : body(api.POST("/v1/organization/projects", { body: { name } }));
  return (
    <Dialog
      title={project ? say.renameTitle(project.name) : say.create} close={close} action={project ? say.rename : say.create} run={run} done={done}
      isReady={isGood && name !== project?.name} fields={["name"]}
    >
      {(errorAt) => (
        <>
          {project && <Text size="sm">{say.renameHint}</Text>}
          <TextInput
            label={say.name} description={say.nameHint} value={name} onChange={(event) => setName(event.currentTarget.value)} required
            data-autofocus error={name !== "" && !isGood ? say.badName : errorAt("name")} autoComplete="off" spellCheck={false} maxLength={64}
          />
        </>
      )}
    </Dialog>
  );
}
