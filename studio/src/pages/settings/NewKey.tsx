import { Checkbox, Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, body, type Schemas } from "~/api/client";
import { Failed } from "~/components/Failed";
import { useWords } from "~/i18n/language";
import { Dialog } from "~/pages/settings/Dialog";
import { useMembers } from "~/pages/settings/organization";
import { organization } from "~/pages/settings/organization-words";
import { type Role, RoleChoice, ROLES } from "~/pages/settings/RoleChoice";
import { useSession } from "~/session";

type Props = { project: { id: string; name: string }; close: () => void; done: (made: Schemas["KeyWire"]) => void };

/** For whom, for what, and how much it may do at most: never more than the member. */
export function NewKey({ project, close, done }: Props) {
  const say = useWords(organization).keys;
  const { me } = useSession();
  const members = useMembers(project.id);
  const [chosen, choose] = useState<string | null>(null);
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [isAdmin, setAdmin] = useState(false);
  const found = members.data ?? [];
  const member = found.find((each) => each.id === (chosen ?? me?.member_id)) ?? found[0];
  const most = member?.role ?? "viewer";
  const bounded = ROLES.indexOf(role) > ROLES.indexOf(most) ? most : role;
  const run = () =>
    body(
      api.POST("/v1/organization/projects/{project_id}/api_keys", {
        params: { path: { project_id: project.id } },
        body: { user_id: member?.id ?? "", name: name.trim(), role: bounded, is_admin: isAdmin },
      }),
    );
  return (
    <Dialog
      title={say.createTitle(project.name)} close={close} action={say.create} run={run} done={done}
      isReady={member !== undefined && name.trim() !== ""}
    >
      {members.error && <Failed error={members.error} />}
      <TextInput
        label={say.name} description={say.nameHint} value={name} onChange={(event) => setName(event.currentTarget.value)} required data-autofocus
        autoComplete="off" maxLength={200}
      />
      <Select
        label={say.member} description={say.memberHint} data={found.map(({ id, name: label, email }) => ({ value: id, label: `${label} · ${email}` }))}
        value={member?.id ?? null} onChange={choose} allowDeselect={false} searchable error={members.data?.length === 0 && say.noMembers}
      />
      <div>
        <RoleChoice label={say.role} value={bounded} choose={setRole} most={most} />
        <Text size="xs" c="dimmed" mt={6}>{say.bounded}</Text>
      </div>
      <Checkbox label={say.admin} description={say.adminHint} checked={isAdmin} onChange={(event) => setAdmin(event.currentTarget.checked)} />
    </Dialog>
  );
}
