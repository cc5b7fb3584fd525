package mail

import (
	"context"
	"fmt"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// boxTable has a row for whatever is written by one transaction at a time, with the id that is named by it: each mailbox that has received something, and the
// addresses to which nothing is sent.
const boxTable = "_mailbox"

var colReceived = query.Column{Name: "received", Storage: fieldtype.Int} // how many messages were, or how often it was written

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	return []store.Table{{Name: boxTable, Columns: []query.Column{colReceived}}}
}

// takeBox has others who receive for a mailbox wait for the transaction, or fail and be done again: the same message may come twice
// at once.
func takeBox(ctx context.Context, tx store.Tx, mailbox string) error {
	return take(ctx, tx, "mailbox "+mailbox)
}

// take has others who take the same wait for the transaction, or fail and be done again.
func take(ctx context.Context, tx store.Tx, what string) error {
	key := id.Named(what)
	if err := tx.Lock(ctx, boxTable, key); err != nil {
		return fmt.Errorf("locking the %s: %w", what, err)
	}
	row, found, err := store.First(ctx, tx, query.Select{Table: boxTable, Filter: query.Is(query.ID, int64(key))}, colReceived)
	switch {
	case err != nil:
	case found:
		err = tx.Update(ctx, boxTable, key, 0, map[string]any{colReceived.Name: row.Int(colReceived) + 1}, nil)
	default:
		err = tx.Insert(ctx, boxTable, key, map[string]any{colReceived.Name: int64(1)}, nil)
	}
	if err != nil {
		return fmt.Errorf("taking the %s: %w", what, err)
	}
	return nil
}
