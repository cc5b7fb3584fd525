package migration

import (
	"context"

	"formwork/engine/store"
)

// Step leads from one format to the next.
type Step struct {
	Does string // for the log: "moves …"
	// Run changes a tenant's data. What it was interrupted in is run again, so every
	// part of it is one transaction and may be repeated. Two processes may run it at
	// once. Tables that it looks for may be missing: a tenant may be empty.
	//
	// A step names tables and columns as they were when it was written, and uses
	// nothing of the rooms that have them, for those go on to change.
	Run func(ctx context.Context, t store.Tenant) error
}

// Steps are all there are, each in a file of its own (step_0002.go leads from format 1,
// which is that of version 0.1.0, to format 2). A step that was released is never
// changed or taken out.
func Steps() []Step { return []Step{notesLogs} }
