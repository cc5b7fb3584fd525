import { Switch, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useTranslation } from "react-i18next";
import { tryExpression } from "~/api/expressions";
import { useSession } from "~/meta/session";
import { useDrafting } from "../drafting";
import { Completions } from "./Completions";
import { type ControlProps, commonOf, keysOf } from "./controls";
import css from "./Form.module.css";
import { useTyped } from "./kept";

interface Props extends ControlProps<boolean | string> {
  /** The object whose fields it reads; undefined: nothing is said of it here. */
  object?: string;
}

/** An expression, or yes or no where it is a condition. What is wrong with it is said while it is written. */
export function ExpressionControl(props: Props) {
  const { t } = useTranslation();
  const { shape, label, value, say, problem, object } = props;
  const text = useTyped(typeof value === "string" ? value : "", (typed) =>
    say(typed.trim() === "" ? undefined : typed),
  );
  const [open, setOpen] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const tried = useTried(object, text.typed);
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
      {tried?.kind && text.typed.trim() !== "" && (
        <p className={css.tries}>{t("studio.results_in", { kind: t(`studio.kinds.${tried.kind}`) })}</p>
      )}
    </div>
  );
}

/** What the server says of an expression, a moment after it was typed. */
function useTried(object: string | undefined, text: string) {
  const { me } = useSession();
  const { draft } = useDrafting();
  const [rested] = useDebouncedValue(text, 300);
  return useQuery({
    queryKey: [me.tenant, "expression", draft?.id, draft?.changed_at, object, rested],
    queryFn: () => tryExpression({ object: object as string, text: rested, old: true }, draft?.id),
    enabled: !!object && rested.trim() !== "",
    staleTime: 60_000,
    placeholderData: (former) => former,
  }).data;
}
