import { Box, Code, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import classes from "~/pages/fine-tune/fine-tune.module.css";
import { useErrorOf } from "~/pages/fine-tune/Fields";
import { fieldId } from "~/pages/fine-tune/problems";
import { sayings } from "~/pages/fine-tune/say";
import type { Setting } from "~/pages/fine-tune/settings";
import { useSetup } from "~/pages/fine-tune/useSetup";
import { optionWords, settingWords } from "~/pages/fine-tune/words";

/** A setting: the field, what it becomes and why, and what it does in plain words. */
export function SettingField({ setting }: { setting: Setting }) {
  const say = useWords(sayings);
  const words = useWords(settingWords)[setting.name];
  return (
    <div className={classes.setting}>
      <Stack gap={6}>
        <Control setting={setting} label={words.label} />
        <Becomes setting={setting} />
      </Stack>
      <Stack gap={6} id={`${fieldId(setting.name)}-about`}>
        <Text size="sm">{words.what}</Text>
        {words.little && words.much && (
          <div className={classes.ends}>
            <Text size="sm" c="dimmed"><b>{say.tooLittle}:</b> {words.little}</Text>
            <Text size="sm" c="dimmed"><b>{say.tooMuch}:</b> {words.much}</Text>
          </div>
        )}
      </Stack>
    </div>
  );
}

function Control({ setting, label }: { setting: Setting; label: string }) {
  const say = useWords(sayings);
  const options = useWords(optionWords);
  const { draft, changeSetting } = useSetup();
  const error = useErrorOf(setting.name);
  const { name, kind, usual } = setting;
  const text = draft.settings[name] ?? "";
  const common = { id: fieldId(name), label, error, "aria-describedby": `${fieldId(name)}-about` };
  if (kind.kind === "choice" || kind.kind === "switch") {
    const values = kind.kind === "switch" ? ["auto", "true", "false"] : kind.options;
    const known = values.map((value) => ({
      value: value === usual ? "" : value,
      label: value === "auto" ? say.auto : (options[value] ?? value),
    }));
    const data = values.includes(text) || text === "" ? known : [...known, { value: text, label: text }];
    return <NativeSelect {...common} data={data} value={text === usual ? "" : text} onChange={(event) => changeSetting(name, event.currentTarget.value)} />;
  }
  const unasked: Record<string, string> = { seed: say.byChance, max_steps: say.noLimit };
  const empty = unasked[name] ?? (usual === null ? "auto" : String(usual));
  const mode = kind.kind === "whole" ? "numeric" : kind.kind === "number" ? "decimal" : "text";
  return (
    <TextInput
      {...common} value={text} placeholder={empty} inputMode={mode} autoComplete="off" spellCheck={false}
      onChange={(event) => changeSetting(name, event.currentTarget.value)}
    />
  );
}

/** The name for files and code, and the value with its reason as the server resolves it. */
function Becomes({ setting }: { setting: Setting }) {
  const say = useWords(sayings);
  const said = useSaid();
  const shown = useShown();
  const { draft, preview, isAsking, isReckoning } = useSetup();
  // What a wrong value becomes is not known, though the server says what would follow from its absence.
  const isWrong = useErrorOf(setting.name) !== null;
  const resolved = isWrong ? undefined : preview?.resolved[setting.resolvedAs ?? setting.name];
  // The engine calls given what it was given as a default.
  const reason = resolved?.reason === "as given" && draft.settings[setting.name] === undefined ? "the default" : (resolved?.reason ?? "");
  const isOwn = !setting.resolvedAs || setting.resolvedAs === setting.name;
  const says = { warmup_steps: say.warmupSteps, total_steps: say.totalSteps, learning_rate: "learning_rate" } as Record<string, string>;
  return (
    <Box className={`${classes.becomes} ${isAsking && resolved ? classes.aged : ""}`} aria-busy={isAsking}>
      <Text size="xs" c="dimmed" ff="monospace">{setting.name}</Text>
      {resolved ? (
        <Text size="xs" style={{ overflowWrap: "anywhere" }}>
          → {!isOwn && `${says[setting.resolvedAs ?? ""] ?? ""} `}<Code fz="xs">{shown(resolved.value)}</Code>{" "}
          <Text span c="dimmed" size="xs">{said(reason)}</Text>
        </Text>
      ) : (
        // The line is there before the value is, so that nothing moves when it comes.
        <Text size="xs" c="dimmed">{isReckoning ? say.reckoning : "\u00a0"}</Text>
      )}
    </Box>
  );
}

/** A resolved value, short: numbers as one would type them, so that they can be taken over. */
export function useShown(): (value: unknown) => string {
  const format = useFormat();
  return (value) => {
    if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) >= 10_000 ? format.count(value) : String(Number(value.toPrecision(6)));
    if (Array.isArray(value)) return value.length ? value.join(", ") : "–";
    return value === null || value === undefined ? "–" : String(value);
  };
}
