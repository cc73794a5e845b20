import { memo, type KeyboardEvent, type MouseEvent, type ReactNode, useCallback, useId, useMemo, useRef, useState } from "react";
import { useLanguage, useWords } from "~/i18n/language";
import styles from "~/pages/playground/playground.module.css";
import { TokenDetail } from "~/pages/playground/TokenDetail";
import { levelOf, probabilityOf, type Span } from "~/pages/playground/tokens";
import { playgroundWords } from "~/pages/playground/words";

const RUN = 64;
const STEPS: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

type Props = { spans: readonly Span[]; label: string; isColoured: boolean; caret: ReactNode };

/**
 * An answer of which every token can be pointed at. `isColoured`: by probability, and each token is reached by the
 * keyboard; otherwise it reads as plain text, and the mouse alone finds what was likely.
 */
export const TokenText = memo(function TokenText({ spans, label, isColoured, caret }: Props) {
  const sayOf = useNames();
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<number | null>(null);
  const [isShown, setShown] = useState(false);
  const span = active === null ? undefined : spans[active];
  const anchor = useCallback(() => box.current?.querySelector(`[data-index="${active}"]`) ?? null, [active]);
  const optionId = (index: number) => `${id}-${index}`;

  const point = (event: MouseEvent) => {
    const index = event.target instanceof HTMLElement ? event.target.dataset.index : undefined;
    if (index === undefined) return setShown(false);
    setActive(Number(index));
    setShown(true);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") return setShown(false);
    const last = spans.length - 1;
    const step = STEPS[event.key];
    const next = event.key === "Home" ? 0 : event.key === "End" ? last : step === undefined ? null : (active ?? -1) + step;
    if (next === null) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(last, next));
    setActive(index);
    setShown(true);
    box.current?.querySelector(`[data-index="${index}"]`)?.scrollIntoView({ block: "nearest" });
  };

  const runs = [];
  for (let first = 0; first < spans.length; first += RUN) {
    const isHere = isColoured && active !== null && active >= first && active < first + RUN;
    runs.push(
      <Run
        key={first} spans={spans.slice(first, first + RUN)} first={first} id={isColoured ? id : null} active={isHere ? active : null} sayOf={sayOf}
      />,
    );
  }
  const keyboard = isColoured
    ? {
        tabIndex: 0,
        role: "listbox",
        "aria-label": label,
        "aria-activedescendant": active === null ? undefined : optionId(active),
        onKeyDown: press,
        onFocus: () => {
          setActive((now) => now ?? 0);
          setShown(true);
        },
        onBlur: () => setShown(false),
      }
    : {};
  return (
    <>
      <div ref={box} dir="auto" className={`${styles.text} ${styles.tokens}`} onMouseOver={point} onMouseLeave={() => setShown(false)} {...keyboard}>
        {runs}
        {caret}
      </div>
      {isShown && span && <TokenDetail span={span} anchor={anchor} />}
    </>
  );
});

type Names = (span: Span) => string;
type RunProps = { spans: readonly Span[]; first: number; id: string | null; active: number | null; sayOf: Names };

/** Some spans in a row, drawn again only where one of them is another one: an answer of thousands of tokens stays quick. */
const Run = memo(
  function Run({ spans, first, id, active, sayOf }: RunProps) {
    return spans.map((span, index) => (
      <One key={first + index} span={span} index={first + index} id={id} isActive={active === first + index} sayOf={sayOf} />
    ));
  },
  (before, after) =>
    before.id === after.id && before.active === after.active && before.sayOf === after.sayOf && before.spans.length === after.spans.length &&
    before.spans.every((span, index) => span === after.spans[index]),
);

function One({ span, index, id, isActive, sayOf }: { span: Span; index: number; id: string | null; isActive: boolean; sayOf: Names }) {
  if (id === null) return span.isControl ? null : <span data-index={index} className={styles.token}>{span.text}</span>;
  return (
    <span
      id={`${id}-${index}`} role="option" aria-selected={isActive} data-index={index} aria-label={sayOf(span)}
      className={`${styles.token} ${styles[`level${levelOf(span.logprob)}`] ?? ""} ${span.isControl ? styles.control : ""}`}
    >
      {span.text}
    </span>
  );
}

/** A token and its probability in words. One formatter serves thousands of tokens, for making one is slow. */
function useNames(): Names {
  const say = useWords(playgroundWords);
  const { language } = useLanguage();
  return useMemo(() => {
    const percent = new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en", { style: "percent", maximumFractionDigits: 1 });
    return (span) => say.tokenOption(span.text, percent.format(probabilityOf(span.logprob)));
  }, [say, language]);
}
