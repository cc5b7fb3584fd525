package mail

import (
	"context"
	"fmt"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// boxTable has a row for each mailbox that has received something, with the id that is named by it.
const boxTable = "_mailbox"

var colReceived = query.Column{Name: "received", Storage: fieldtype.Int} // how many messages were

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	return []store.Table{{Name: boxTable, Columns: []query.Column{colReceived}}}
}

// takeBox has others who receive for a mailbox wait for the transaction, or fail and be done again: the same message may come twice
// at once.
func takeBox(ctx context.Context, tx store.Tx, mailbox string) error {
	key := id.Named("mailbox " + mailbox)
	if err := tx.Lock(ctx, boxTable, key); err != nil {
		return fmt.Errorf("locking a mailbox: %w", err)
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
		return fmt.Errorf("taking a mailbox: %w", err)
	}
	return nil
}
