import { Button, Group, NumberInput, Slider, Stack, Switch, TagsInput, Text, Textarea } from "@mantine/core";
import { useId } from "react";
import { useWords } from "~/i18n/language";
import { FirstSystemPrompt } from "~/pages/playground/FirstSystemPrompt";
import type { Kept } from "~/pages/playground/kept";
import { MOST_STOPS, NO_PARAMETERS, type Parameters, readStop, showStop, usualTemperature } from "~/pages/playground/parameters";
import type { Playground } from "~/pages/playground/store";
import { playgroundWords } from "~/pages/playground/words";

/** System prompt and parameters: the same for every column. */
export function Settings({ playground, kept, known }: { playground: Playground; kept: Kept; known: readonly { id: string }[] }) {
  const say = useWords(playgroundWords);
  const { parameters } = kept;
  const usual = usualTemperature(kept.models);
  const change = (part: Partial<Parameters>) => playground.set({ parameters: { ...parameters, ...part } });
  return (
    <Stack gap="md">
      <Textarea
        label={say.system} description={say.systemHint} placeholder={say.systemPlaceholder} autosize minRows={3} maxRows={10} dir="auto"
        value={kept.system} onChange={(event) => playground.set({ system: event.currentTarget.value })}
      />
      <FirstSystemPrompt models={kept.models} known={known} system={kept.system} take={(system) => playground.set({ system })} />
      <Scale
        label={say.temperature} hint={usual === 0 ? say.temperatureTuned : say.temperatureHint} value={parameters.temperature} standard={usual} least={0} most={2} step={0.05}
        change={(temperature) => change({ temperature })}
      />
      <Scale label={say.topP} hint={say.topPHint} value={parameters.topP} standard={1} least={0} most={1} step={0.01} change={(topP) => change({ topP })} />
      <NumberInput
        label={say.maxTokens} description={say.maxTokensHint} min={1} allowDecimal={false} clampBehavior="strict"
        value={parameters.maxTokens ?? ""} onChange={(value) => change({ maxTokens: asNumber(value) })}
      />
      <NumberInput
        label={say.seed} description={say.seedHint} min={0} allowDecimal={false} allowNegative={false} hideControls
        value={parameters.seed ?? ""} onChange={(value) => change({ seed: asNumber(value) })}
      />
      <Switch
        label={say.sharesSeed} checked={kept.sharesSeed} onChange={(event) => playground.set({ sharesSeed: event.currentTarget.checked })}
      />
      <TagsInput
        label={say.stop} description={say.stopHint} maxTags={MOST_STOPS} splitChars={[]} value={parameters.stop.map(showStop)}
        onChange={(stops) => change({ stop: stops.map(readStop).filter(Boolean) })}
      />
      <Scale
        label={say.presence} hint={say.presenceHint} value={parameters.presencePenalty} standard={0} least={-2} most={2} step={0.1}
        change={(presencePenalty) => change({ presencePenalty })}
      />
      <Scale
        label={say.frequency} hint={say.frequencyHint} value={parameters.frequencyPenalty} standard={0} least={-2} most={2} step={0.1}
        change={(frequencyPenalty) => change({ frequencyPenalty })}
      />
      <Group>
        <Button size="compact-sm" variant="default" onClick={() => playground.set({ parameters: NO_PARAMETERS, sharesSeed: true })}>{say.reset}</Button>
      </Group>
    </Stack>
  );
}

type ScaleProps = {
  label: string;
  hint: string;
  /** null: the server's default, which is `standard`, and nothing is sent. */
  value: number | null;
  standard: number;
  least: number;
  most: number;
  step: number;
  change: (value: number | null) => void;
};

/** A number by slider and by keyboard; what is at its standard is not sent. */
function Scale({ label, hint, value, standard, least, most, step, change }: ScaleProps) {
  const id = useId();
  const set = (next: number | null) => change(next === standard ? null : next);
  return (
    <div>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text component="label" htmlFor={id} size="sm" fw={500}>{label}</Text>
        <NumberInput
          id={id} w={76} size="xs" min={least} max={most} step={step} decimalScale={2} clampBehavior="strict" hideControls
          value={value ?? standard} onChange={(next) => set(asNumber(next))}
        />
      </Group>
      <Slider
        mt={6} size="sm" min={least} max={most} step={step} label={null} thumbLabel={label} value={value ?? standard} onChange={(next) => set(next)}
      />
      <Text size="xs" c="dimmed" mt={4}>{hint}</Text>
    </div>
  );
}

function asNumber(value: number | string): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
