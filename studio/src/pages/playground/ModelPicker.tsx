import { Combobox, ScrollArea, Text, UnstyledButton, useCombobox, VisuallyHidden } from "@mantine/core";
import { IconSelector } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import type { Schemas } from "~/api/client";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { kindOf, readName, search, shortName, withoutStep } from "~/pages/models/names";
import { useLineage } from "~/pages/models/queries";
import { playgroundWords } from "~/pages/playground/words";

type Props = { model: string; known: readonly Schemas["ModelWire"][]; label: string; choose: (model: string) => void };

// More are not drawn at once: there may be thousands, and one finds them by typing.
const MOST_SHOWN = 40;

/** A column's model: base and tuned models by search, the checkpoints of the one that is chosen, any name by typing it. */
export function ModelPicker({ model, known, label, choose }: Props) {
  const say = useWords(playgroundWords);
  const format = useFormat();
  const [typed, setTyped] = useState("");
  const box = useCombobox({
    onDropdownClose: () => {
      box.resetSelectedOption();
      setTyped("");
    },
    onDropdownOpen: () => box.focusSearchInput(),
  });
  const kind = kindOf(model, known);
  const parent = withoutStep(model) ?? (kind === "tuned" ? model : "");
  const lineage = useLineage(parent, box.dropdownOpened && parent !== "");

  const [base, tuned] = useMemo(() => {
    const found = search(known, typed);
    return [found.filter((each) => !each.base_model), found.filter((each) => each.base_model).reverse()];
  }, [known, typed]);
  const checkpoints = search((lineage.data?.checkpoints ?? []).map((id) => ({ id })), typed);
  const shown = tuned.slice(0, MOST_SHOWN);
  const exact = typed.trim();
  const isOther = exact !== "" && !known.some((each) => each.id === exact);

  const option = (id: string, isPlain = false) => (
    <Combobox.Option key={id} value={id} active={id === model}>
      <Text size="sm" fw={id === model ? 600 : 400} style={{ overflowWrap: "anywhere" }} component="bdi">{isPlain ? id : stepOr(id)}</Text>
      {!isPlain && <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }} component="div"><bdi>{id}</bdi></Text>}
    </Combobox.Option>
  );
  return (
    <Combobox
      store={box} withinPortal position="bottom-start" width={320}
      onOptionSubmit={(value) => {
        choose(value);
        box.closeDropdown();
      }}
    >
      <Combobox.Target targetType="button" withAriaAttributes={false}>
        <UnstyledButton
          onClick={() => box.toggleDropdown()} aria-haspopup="listbox" aria-expanded={box.dropdownOpened}
          title={model} style={{ display: "flex", alignItems: "center", gap: 4, minWidth: 0, maxWidth: "100%" }}
        >
          <span style={{ minWidth: 0 }}>
            <VisuallyHidden>{label}: </VisuallyHidden>
            <Text size="sm" fw={600} truncate component="bdi" display="block">{stepOr(model)}</Text>{" "}
            {readName(model) && <Text size="xs" c="dimmed" truncate component="bdi" display="block">{model}</Text>}
          </span>
          <IconSelector size={16} style={{ flex: "none" }} aria-hidden />
        </UnstyledButton>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={typed} onChange={(event) => setTyped(event.currentTarget.value)} placeholder={say.searchModels} aria-label={say.searchModels}
        />
        <Combobox.Options aria-label={label}>
          <ScrollArea.Autosize mah={320} type="scroll" viewportProps={{ tabIndex: -1 }}>
            {checkpoints.length > 0 && (
              <Combobox.Group label={say.checkpointsOf(shortName(parent))}>{checkpoints.map(({ id }) => option(id))}</Combobox.Group>
            )}
            {base.length > 0 && <Combobox.Group label={say.baseModels}>{base.slice(0, MOST_SHOWN).map(({ id }) => option(id, true))}</Combobox.Group>}
            {shown.length > 0 && <Combobox.Group label={say.tunedModels}>{shown.map(({ id }) => option(id))}</Combobox.Group>}
            {tuned.length > shown.length && <Text size="xs" c="dimmed" px="sm" py={4}>{say.moreMatches(format.count(tuned.length - shown.length))}</Text>}
            {isOther && (
              <Combobox.Option value={exact}>
                <Text size="sm" style={{ overflowWrap: "anywhere" }}>{say.useName(exact)}</Text>
                <Text size="xs" c="dimmed">{say.useNameHint}</Text>
              </Combobox.Option>
            )}
            {!isOther && base.length + shown.length + checkpoints.length === 0 && <Combobox.Empty>{say.noModels}</Combobox.Empty>}
          </ScrollArea.Autosize>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

function stepOr(name: string): string {
  const step = readName(name)?.step ?? null;
  return step === null ? shortName(name) : `${shortName(name)} · ${step}`;
}
