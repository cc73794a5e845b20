import { Button, Group, MultiSelect, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { statusWords } from "~/components/JobStatus";
import { useWords } from "~/i18n/language";
import { type ListSearch, pairOf, STATUSES, statusesOf } from "./filters";
import { baseModelsQuery } from "./queries";
import { listWords } from "./words";

type Props = { search: ListSearch; change: (search: Partial<ListSearch>) => void };

/** What narrows the list down; all of it stands in the address. */
export function JobFilters({ search, change }: Props) {
  const say = useWords(listWords);
  const called = useWords(statusWords);
  const isFiltered = Boolean(search.q || search.status || search.model || search.metadata);
  const models = useQuery(baseModelsQuery).data?.data.map(({ id }) => id) ?? [];
  const known = [...new Set([...models, ...(search.model ? [search.model] : [])])].sort();
  const isWrong = Boolean(search.metadata) && pairOf(search.metadata) === null;
  return (
    <Group gap="sm" align="flex-start" role="search">
      <Typed
        label={say.find} placeholder={say.findHint} value={search.q ?? ""} change={(q) => change({ q })} icon={<IconSearch size={16} aria-hidden />}
      />
      <MultiSelect
        label={say.status} size="sm" w={{ base: "calc(50% - 6px)", xs: 220 }} data={STATUSES.map((value) => ({ value, label: called[value] }))}
        placeholder={search.status ? undefined : say.anyStatus} value={statusesOf(search)} clearable
        onChange={(values) => change({ status: values.join(",") })}
      />
      <Select
        label={say.model} size="sm" w={{ base: "calc(50% - 6px)", xs: 180 }} data={known} placeholder={say.anyModel} value={search.model ?? null}
        clearable searchable onChange={(model) => change({ model: model ?? "" })}
      />
      <Typed
        label={say.metadata} placeholder={say.metadataHint} value={search.metadata ?? ""} change={(metadata) => change({ metadata })}
        error={isWrong ? say.metadataWrong : undefined}
      />
      {isFiltered && (
        <Button mt={25} variant="subtle" color="gray" onClick={() => change({ q: "", status: "", model: "", metadata: "" })}>{say.clear}</Button>
      )}
    </Group>
  );
}

type TypedProps = { label: string; placeholder: string; value: string; change: (text: string) => void; icon?: React.ReactNode; error?: string };

/** A field whose text is taken a moment after the last key. */
function Typed({ label, placeholder, value, change, icon, error }: TypedProps) {
  const [text, setText] = useState(value);
  const tell = useDebouncedCallback(change, 250);
  useEffect(() => setText(value), [value]);
  return (
    <TextInput
      label={label} placeholder={placeholder} size="sm" w={{ base: "calc(50% - 6px)", xs: 200 }} leftSection={icon} value={text} error={error}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
    />
  );
}
