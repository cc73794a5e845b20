import { Radio, Stack } from "@mantine/core";
import type { Schemas } from "~/api/client";
import { useWords } from "~/i18n/language";
import { settings } from "~/pages/settings/words";

export type Role = Schemas["Role"];

export const ROLES: readonly Role[] = ["viewer", "member", "owner"];

/** The roles with what each may do; `most` leaves out those above it. */
export function RoleChoice({ label, value, choose, most = "owner" }: { label: string; value: Role; choose: (role: Role) => void; most?: Role }) {
  const say = useWords(settings);
  return (
    <Radio.Group label={label} value={value} onChange={(next) => choose(next as Role)}>
      <Stack gap="xs" mt={6}>
        {ROLES.slice(0, ROLES.indexOf(most) + 1).map((role) => (
          <Radio key={role} value={role} label={say.role[role]} description={say.roleText[role]} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
