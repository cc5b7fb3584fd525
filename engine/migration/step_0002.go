package migration

import (
	"context"

	"formwork/engine/store"
)

// notesLogs has the outbox noted as a log. SQLite kept no note of it in format 1, and a
// dump has to tell: where the tenant is loaded, positions are counted on from its end.
var notesLogs = Step{
	Does: "notes that the outbox is a log",
	Run: func(ctx context.Context, t store.Tenant) error {
		return t.Define(ctx, store.Table{Name: "_outbox", Log: true})
	},
}
