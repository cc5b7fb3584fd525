package runner

import (
	"context"
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/approval"
)

// Lock is the hook that keeps people from changing records that wait for approval, and from making, changing and removing those that belong to such.
type Lock struct{}

// Wants implements record.SaveHook.
func (Lock) Wants(s *catalog.Snapshot, object string, a record.Action) bool {
	all, o := workflows.Of(s), s.Objects[object]
	for up := parentOf(o); up != nil; up = parentOf(up.Target) {
		if all.Locks(up.Target.Doc.Name) {
			return true
		}
	}
	return a != record.Created && all.Locks(object)
}

// BeforeSave implements record.SaveHook. Faults: approval.locked, approval.parent_locked (Conflict). The platform, and with it workflows, goes on.
func (Lock) BeforeSave(ctx context.Context, reader store.Reader, c *record.Change) error {
	if c.Caller().System {
		return nil
	}
	o := c.Object()
	if c.Action() != record.Created {
		if err := unlocked(ctx, reader, c.Snapshot(), o, c.ID(), "approval.locked"); err != nil {
			return err
		}
	}
	up := parentOf(o)
	if up == nil {
		return nil
	}
	was, is := c.Was(up.Name), c.Get(up.Name)
	if was == is {
		was = nil
	}
	for _, key := range []any{was, is} {
		if key, ok := key.(int64); ok {
			if err := unlockedUpFrom(ctx, reader, c.Snapshot(), up.Target, id.ID(key)); err != nil {
				return err
			}
		}
	}
	return nil
}

// parentOf is the lookup to the records that those of an object belong to; nil if they belong to none.
func parentOf(o *catalog.Object) *catalog.Field {
	if f, ok := o.Field(o.Doc.Parent); ok {
		return f
	}
	return nil
}

// unlocked refuses where a record waits for approval, with a fault of the code.
func unlocked(ctx context.Context, reader store.Reader, s *catalog.Snapshot, o *catalog.Object, key id.ID, code string) error {
	if !workflows.Of(s).Locks(o.Doc.Name) {
		return nil
	}
	locked, err := approval.Locked(ctx, reader, o.Doc.Name, key)
	if err == nil && locked {
		err = fault.New(fault.Conflict, code)
	}
	return err
}

// unlockedUpFrom refuses where a record waits for approval, or one that it belongs to. Parents do not lead round in a circle.
func unlockedUpFrom(ctx context.Context, reader store.Reader, s *catalog.Snapshot, o *catalog.Object, key id.ID) error {
	for {
		if err := unlocked(ctx, reader, s, o, key, "approval.parent_locked"); err != nil {
			return err
		}
		up := parentOf(o)
		if up == nil {
			return nil
		}
		row, ok, err := store.First(ctx, reader, query.Select{Table: o.Table.Name, Filter: query.Is(query.ID, int64(key))}, up.Column)
		if err != nil {
			return fmt.Errorf("reading what a record belongs to: %w", err)
		}
		if !ok || row.ID(up.Column) == 0 {
			return nil
		}
		o, key = up.Target, row.ID(up.Column)
	}
}
