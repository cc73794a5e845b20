import { Button, Group, NumberInput, Slider, Stack, Switch, Text } from "@mantine/core";
import { IconZoomReset } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useWords } from "~/i18n/language";
import { jobWords } from "./jobWords";
import { type CurveSearch, SMOOTHING } from "./search";

type Props = { search: CurveSearch; change: (next: CurveSearch) => void; first?: number; last?: number };

/** How the curves are drawn, for mouse and keyboard alike. `first` and `last` are the steps that there are. */
export function CurveControls({ search, change, first, last }: Props) {
  const say = useWords(jobWords);
  const [smooth, setSmooth] = useState(search.smooth ?? SMOOTHING);
  useEffect(() => setSmooth(search.smooth ?? SMOOTHING), [search.smooth]);
  const isZoomed = search.from !== undefined;
  return (
    <Group gap="lg" align="flex-end" className="no-print">
      <Stack gap={6} w={180}>
        <Text size="sm" id="smoothing">{say.smoothing} <Text span c="dimmed" className="jobs-figure">{(smooth / 100).toFixed(2)}</Text></Text>
        <Slider
          aria-labelledby="smoothing" thumbProps={{ "aria-labelledby": "smoothing" }} min={0} max={99} value={smooth} label={null} mb={8}
          onChange={setSmooth} onChangeEnd={(value) => change({ smooth: value })}
        />
      </Stack>
      <Switch label={say.logScale} checked={search.log ?? false} mb={8} onChange={(event) => change({ log: event.currentTarget.checked || undefined })} />
      {first !== undefined && last !== undefined && last > first && (
        <Group gap="xs" align="flex-end">
          <StepInput label={say.from} value={search.from ?? first} min={first} max={last - 1} take={(from) => change({ from, to: Math.max(search.to ?? last, from + 1) })} />
          <StepInput label={say.to} value={search.to ?? last} min={first + 1} max={last} take={(to) => change({ from: Math.min(search.from ?? first, to - 1), to })} />
          {isZoomed && (
            <Button variant="light" leftSection={<IconZoomReset size={16} aria-hidden />} onClick={() => change({ from: undefined, to: undefined })}>{say.wholeRun}</Button>
          )}
        </Group>
      )}
      <Text size="xs" c="dimmed" visibleFrom="md" mb={8}>{say.zoomHint}</Text>
    </Group>
  );
}

type StepProps = { label: string; value: number; min: number; max: number; take: (step: number) => void };

/** Taken on Enter, or when the field is left. */
function StepInput({ label, value, min, max, take }: StepProps) {
  const [text, setText] = useState<number | string>(value);
  useEffect(() => setText(value), [value]);
  const leave = () => {
    const step = Math.min(max, Math.max(min, Math.round(Number(text))));
    if (Number.isFinite(step) && text !== "" && step !== value) take(step);
    else setText(value);
  };
  return (
    <NumberInput
      label={label} size="xs" w={110} value={text} min={min} max={max} allowDecimal={false} hideControls thousandSeparator=" "
      onChange={setText} onBlur={leave} onKeyDown={(event) => event.key === "Enter" && leave()}
    />
  );
}
