import { Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas } from "~/api/client";
import { Confirm } from "~/components/Confirm";
import { useWords } from "~/i18n/language";
import { Dialog } from "~/pages/settings/Dialog";
import { organization } from "~/pages/settings/organization-words";
import { type Role, RoleChoice } from "~/pages/settings/RoleChoice";

type Member = Schemas["MemberWire"];
type Project = { id: string; name: string };
type Props = { project: Project; close: () => void; done: () => void };

export function AddMember({ project, close, done }: Props) {
  const say = useWords(organization).members;
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("member");
  const run = () =>
    body(
      api.POST("/v1/organization/projects/{project_id}/members", {
        params: { path: { project_id: project.id } },
        body: { email: email.trim(), role, ...(name.trim() && { name: name.trim() }) },
      }),
    );
  return (
    <Dialog
      title={say.addTitle(project.name)} close={close} action={say.add} run={run} done={done} isReady={email.trim() !== ""} fields={["email", "name"]}
    >
      {(errorAt) => (
        <>
          <TextInput
            label={say.email} description={say.emailHint} type="email" value={email} onChange={(event) => setEmail(event.currentTarget.value)}
            required data-autofocus autoComplete="off" maxLength={254} error={errorAt("email")}
          />
          <TextInput
            label={say.name} description={say.nameHint} value={name} onChange={(event) => setName(event.currentTarget.value)} autoComplete="off"
            maxLength={200} error={errorAt("name")}
          />
          <RoleChoice label={say.role} value={role} choose={setRole} />
        </>
      )}
    </Dialog>
  );
}

export function ChangeRole({ project, member, close, done }: Props & { member: Member }) {
  const say = useWords(organization).members;
  const [role, setRole] = useState<Role>(member.role);
  const path = { project_id: project.id, member_id: member.id };
  const run = () => body(api.POST("/v1/organization/projects/{project_id}/members/{member_id}", { params: { path }, body: { role } }));
  return (
    <Dialog title={say.changeTitle(member.name)} close={close} action={say.change} run={run} done={done} isReady={role !== member.role}>
      <Text size="sm">{say.changeHint}</Text>
      <RoleChoice label={say.role} value={role} choose={setRole} />
    </Dialog>
  );
}

export function RemoveMember({ project, member, close, done }: Props & { member: Member }) {
  const say = useWords(organization).members;
  const path = { project_id: project.id, member_id: member.id };
  const keys = useKeysOf(project.id, member.id);
  return (
    <Confirm
      isOpen close={close} done={done} title={say.removeTitle(member.name)} action={say.remove}
      consequences={[
        <>{say.removeKeys(project.name)} {keys.length > 0 && <bdi>{say.numKeys(keys.length, keys.join(", "))}</bdi>}</>,
        say.removeWork,
        say.removeElsewhere,
      ]}
      run={() => body(api.DELETE("/v1/organization/projects/{project_id}/members/{member_id}", { params: { path } }))}
    />
  );
}

/** Names of the member's keys, among the project's first hundred. */
function useKeysOf(project: string, member: string): string[] {
  const { data } = useQuery({
    queryKey: ["organization", "keys", project, "first"],
    queryFn: () =>
      body(api.GET("/v1/organization/projects/{project_id}/api_keys", { params: { path: { project_id: project }, query: { limit: 100 } } })),
  });
  return (data?.data ?? []).filter((key) => key.owner.user.id === member).map((key) => key.name);
}
