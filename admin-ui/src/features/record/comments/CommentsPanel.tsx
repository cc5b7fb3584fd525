import { Button } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { refusal } from "~/api/client";
import { type Comment, changeComment, comment, comments, removeComment } from "~/api/comments";
import type { Formats } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { notify } from "~/ui/notices";
import { writingOf } from "../draft";
import { recordKey } from "../opened";
import { CommentInput } from "./CommentInput";
import css from "./Comments.module.css";
import { partsOf } from "./mentions";

interface Props {
  object: ObjectModel;
  id: string;
  formats: Formats;
}

/** What people tell each other about a record, the latest first. */
export function CommentsPanel({ object, id, formats }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const key = [...recordKey(me.tenant, object, id), "comments"];
  const found = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => comments(object.name, id, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const again = () => cache.invalidateQueries({ queryKey: key });
  const failed = (error: unknown) => notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
  return (
    <div className={css.panel} data-comments>
      <CommentInput
        label={t("record.comments.label")}
        kept={writingOf(`${me.tenant}/${me.user.id}`, `${object.name}/comment/${id}`)}
        save={(text) => comment(object.name, id, text).then(again)}
      />
      {found.isError && <p className="bad">{refusal(found.error)?.detail ?? t("error.offline")}</p>}
      <ol className={css.list}>
        {found.data?.pages.flatMap((page) =>
          page.items.map((one) => (
            <One
              key={one.id}
              comment={one}
              by={page.names?.user?.[one.by] ?? t("record.history.somebody")}
              formats={formats}
              save={(text) => changeComment(object.name, id, one.id, text).then(again)}
              onRemove={() => removeComment(object.name, id, one.id).then(again, failed)}
            />
          )),
        )}
      </ol>
      {found.hasNextPage && (
        <Button variant="subtle" size="compact-xs" onClick={() => void found.fetchNextPage()}>
          {t("record.activity.earlier")}
        </Button>
      )}
    </div>
  );
}

interface OneProps {
  comment: Comment;
  by: string;
  formats: Formats;
  save(text: string): Promise<unknown>;
  onRemove(): void;
}

function One({ comment, by, formats, save, onRemove }: OneProps) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  return (
    <li>
      <div className={css.head}>
        <strong>{by}</strong>
        <time className="quiet small" dateTime={comment.at}>
          {formats.moment(comment.at)}
          {comment.edited_at && ` · ${t("record.comments.edited")}`}
        </time>
      </div>
      {editing ? (
        <CommentInput
          text={comment.text}
          label={t("record.comments.label")}
          autoFocus
          save={save}
          onCancel={() => setEditing(false)}
        />
      ) : (
        <p className="lines">
          {partsOf(comment.text).map((part, i) =>
            typeof part === "string" ? (
              part
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other name than their place
              <Link key={i} to={`/o/user/${part.id}`}>
                @{part.name || t("record.history.somebody")}
              </Link>
            ),
          )}
        </p>
      )}
      {!editing && (comment.can.update || comment.can.delete) && (
        <div className={css.actions}>
          {comment.can.update && (
            <Button variant="subtle" color="gray" size="compact-xs" onClick={() => setEditing(true)}>
              {t("record.comments.edit")}
            </Button>
          )}
          {comment.can.delete && (
            <Button variant="subtle" color="gray" size="compact-xs" onClick={onRemove}>
              {t("record.delete")}
            </Button>
          )}
        </div>
      )}
    </li>
  );
}
