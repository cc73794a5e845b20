import { Select } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useWords } from "~/i18n/language";
import { useBaseModels } from "~/pages/data/api";
import { rowWords } from "~/pages/data/rows/words";
import { clean } from "~/pages/data/search";

/** The model whose tokens are counted: the one in the address, or else this installation's first choice. */
export function useModel(): string | undefined {
  const { model } = useSearch({ from: "/data/$fileId" });
  const models = useBaseModels().data?.data.filter((each) => each.is_available);
  return model ?? (models?.find((each) => each.is_default) ?? models?.[0])?.id;
}

export function ModelChoice({ w = 280 }: { w?: number }) {
  const say = useWords(rowWords);
  const search = useSearch({ from: "/data/$fileId" });
  const navigate = useNavigate({ from: "/data/$fileId" });
  const model = useModel();
  const ids = useBaseModels().data?.data.filter((each) => each.is_available).map((each) => each.id) ?? [];
  return (
    <Select
      size="sm" w={w} maw="100%" label={say.modelLabel} data={model && !ids.includes(model) ? [model, ...ids] : ids} value={model ?? null} searchable
      allowDeselect={false} onChange={(next) => next && void navigate({ search: clean({ ...search, model: next }), replace: true })}
    />
  );
}
