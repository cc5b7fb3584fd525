import { Switch, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { lazy, Suspense, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useTranslation } from "react-i18next";
import { type Tried, tryExpression } from "~/api/expressions";
import { useSession } from "~/meta/session";
import { useDrafting } from "../drafting";
import { Completions } from "./Completions";
import { type ControlProps, commonOf, keysOf } from "./controls";
import css from "./Form.module.css";
import { useTyped } from "./kept";
import { Sample, useSample } from "./Sample";

const Meaning = lazy(() => import("./Meaning"));

interface Props extends ControlProps<boolean | string> {
  /** The object whose fields it reads; undefined: nothing is said of it here. */
  object?: string;
  /** Names of what it may read besides, of which nothing is said here. */
  roots?: readonly string[];
  /** It is a condition, which may be built by pointing. */
  points?: boolean;
}

/** An expression, or yes or no where it is a condition. What is wrong with it is said while it is written. */
export function ExpressionControl(props: Props) {
  const { t } = useTranslation();
  const { shape, label, value, say, problem, object: of, roots = [], points } = props;
  const text = useTyped(typeof value === "string" ? value : "", (typed) =>
    say(typed.trim() === "" ? undefined : typed),
  );
  const [open, setOpen] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const object = reads(text.typed, roots) ? undefined : of;
  const [pointing, setPointing] = useState(false);
  const sample = useSample(object);
  const tried = useTried(object, text.typed, sample?.id);
  if (shape.is === "condition" && typeof value !== "string")
    return (
      <div className={css.texts}>
        <Switch
          size="xs"
          label={label}
          description={shape.says}
          error={problem}
          checked={value === true}
          onChange={(event) => say(event.currentTarget.checked || undefined)}
        />
        <button type="button" className="link small" onClick={() => say(value === true ? "true" : "false")}>
          {t("studio.by_expression")}
        </button>
      </div>
    );
  const found = tried?.problems[0];
  const written = text.typed.trim() !== "";
  const right = written && !!tried?.kind && !found;
  const builds = !!object && (written ? tried?.kind === "boolean" : points);
  return (
    <div className={css.texts}>
      <Textarea
        {...commonOf({ ...props, problem: found?.detail ?? problem })}
        ref={input}
        className={css.mono}
        autosize
        minRows={1}
        maxRows={12}
        spellCheck={false}
        autoComplete="off"
        value={text.typed}
        onChange={(event) => {
          text.type(event.currentTarget.value);
          setOpen(true);
        }}
        {...keysOf(text, true)}
        onBlur={() => {
          setOpen(false);
          text.leave();
        }}
      />
      {object && open && input.current && (
        <Completions
          object={object}
          input={input.current}
          text={text.typed}
          write={(typed, caret) => {
            // At once: whoever types on does so behind it.
            flushSync(() => text.type(typed));
            input.current?.setSelectionRange(caret, caret);
          }}
          close={() => setOpen(false)}
        />
      )}
      {object && (written || pointing) && (
        <Suspense fallback={null}>
          <Meaning
            object={object}
            text={text.typed}
            building={pointing && !!builds}
            write={(next) => say(next || undefined)}
          />
        </Suspense>
      )}
      <div className={css.tries}>
        {right && (
          <span>
            {t("studio.results_in", { kind: t(`studio.kinds.${tried?.kind}`) })}
            {sample && object && (
              <>
                {" · "}
                <Sample object={object} sample={sample} text={resultOf(tried, t)} />
              </>
            )}
          </span>
        )}
        {builds && (
          <button type="button" className="link small" aria-expanded={pointing} onClick={() => setPointing(!pointing)}>
            {t(pointing ? "studio.pointing_done" : "studio.pointing")}
          </button>
        )}
      </div>
    </div>
  );
}

/** What an expression comes to on a record, in words, or why it comes to nothing. */
function resultOf(tried: Tried | undefined, t: TFunction): string {
  if (tried?.failed) return tried.failed;
  if (typeof tried?.value === "boolean") return t(tried.value ? "record.yes" : "record.no");
  return tried?.text || t("studio.says.nothing");
}

/** Whether an expression reads one of some roots. */
const reads = (text: string, roots: readonly string[]): boolean =>
  roots.some((root) => new RegExp(`(?<![\\w."])${root}\\.`).test(text));

/** What the server says of an expression, a moment after it was typed. */
function useTried(object: string | undefined, text: string, record: string | undefined) {
  const { me } = useSession();
  const { draft } = useDrafting();
  const [rested] = useDebouncedValue(text, 300);
  const asks = !!object && rested.trim() !== "";
  const found = useQuery({
    queryKey: [me.tenant, "expression", draft?.id, draft?.changed_at, object, record, rested],
    queryFn: () => tryExpression({ object: object as string, text: rested, old: true, record }, draft?.id),
    enabled: asks,
    staleTime: 60_000,
    placeholderData: (former) => former,
  }).data;
  return asks ? found : undefined; // not what was said of another text
}
