import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { api, body, type Schemas } from "~/api/client";
import { useSession } from "~/session";

type Project = Schemas["ProjectWire"];
type Member = Schemas["MemberWire"];

export const PROJECT_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

const MOST_IN_A_CHOICE = 1_000;

/** All that a choice offers, up to a bound: lists of the API come in pages of 100. */
async function all<T>(ask: (after: string | undefined) => Promise<{ data: T[]; has_more: boolean; last_id: string | null }>): Promise<T[]> {
  const found: T[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await ask(after);
    found.push(...page.data);
    if (!page.has_more || page.last_id === null || found.length >= MOST_IN_A_CHOICE) return found;
    after = page.last_id;
  }
}

/** The projects that one can work in, by name. */
export function useProjects() {
  return useQuery({
    queryKey: ["organization", "projects", "all"],
    queryFn: async () => {
      const found = await all<Project>((after) => body(api.GET("/v1/organization/projects", { params: { query: { after, limit: 100 } } })));
      return found.toSorted((one, other) => one.name.localeCompare(other.name));
    },
  });
}

/** The members of a project, by name. */
export function useMembers(project: string, isWanted = true) {
  return useQuery({
    enabled: isWanted,
    queryKey: ["organization", "members", project, "all"],
    queryFn: async () => {
      const path = { project_id: project };
      const found = await all<Member>((after) =>
        body(api.GET("/v1/organization/projects/{project_id}/members", { params: { path, query: { after, limit: 100 } } })),
      );
      return found.toSorted((one, other) => one.name.localeCompare(other.name));
    },
  });
}

/** The project in the address, or the key's own; with its name as far as it is known, and how to go to another one. */
export function useChosenProject(tab: "/settings/members" | "/settings/keys") {
  const { me } = useSession();
  const { project } = useSearch({ from: tab });
  const navigate = useNavigate();
  const { data } = useProjects();
  const id = project ?? me?.project_id ?? "";
  const own = me?.project_id === id ? me.project_name : undefined;
  return {
    id,
    name: data?.find((each) => each.id === id)?.name ?? own ?? id,
    choose: (next: string) => void navigate({ to: tab, search: next === me?.project_id ? {} : { project: next } }),
  };
}
