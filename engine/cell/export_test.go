package cell

import (
	"context"

	"formwork/engine/store"
)

// Enter enters many tenants into the directory, without making them.
func Enter(ctx context.Context, s *Store, tenants int, name func(n int) string) error {
	return s.directory.Write(ctx, func(tx store.Tx) error {
		for n := range tenants {
			values := map[string]any{"version": int64(1), colName.Name: name(n), colCell.Name: "other"}
			if err := tx.Insert(ctx, directoryTable, s.o.IDs.Next(), values, nil); err != nil {
				return err
			}
		}
		return nil
	})
}
