import { Select } from "@mantine/core";
import { useWords } from "~/i18n/language";
import { useProjects } from "~/pages/settings/organization";
import { settings } from "~/pages/settings/words";

/** Whose members or keys are shown. */
export function ProjectChoice({ id, name, choose }: { id: string; name: string; choose: (id: string) => void }) {
  const say = useWords(settings);
  const { data } = useProjects();
  const options = (data ?? [{ id, name }]).map((project) => ({ value: project.id, label: project.name }));
  if (!options.some(({ value }) => value === id)) options.push({ value: id, label: name });
  return (
    <Select label={say.project} data={options} value={id} onChange={(next) => next && choose(next)} allowDeselect={false} searchable maw={360} />
  );
}
