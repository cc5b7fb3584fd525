// Package plugins is the contract by which the platform is extended: a Set is
// everything that one extension adds, and a program is built from the sets that
// it lists. standard lists the field types that are always there.
package plugins

import (
	"context"
	"log/slog"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/outbox"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// Set is what a plugin adds.
type Set struct {
	FieldTypes []fieldtype.Type
	Kinds      []catalog.Kind // of documents
	// Triggers and Steps are types of what workflows are made of.
	Triggers []workflows.TriggerType
	Steps    []workflows.StepType
	// SaveHooks are called before a record is saved or deleted, after those of earlier
	// sets.
	SaveHooks []record.SaveHook
	// Consumers makes those that do what follows from a change; nil: none. It is called
	// once, when the platform is put together.
	Consumers func(h Host) []outbox.Consumer
	// Jobs makes the kinds of background work that the plugin does; nil: none. It is
	// called once, when the platform is put together.
	Jobs func(h Host) []job.Kind
}

// Host is what consumers and jobs get of the platform. They act through Records as a named
// caller, so that rules and rights hold for them, too.
type Host struct {
	Records *record.Service
	Catalog *catalog.Catalog
	IDs     *id.Source
	Now     func() time.Time
	Log     *slog.Logger
}

// System is a session that may do everything, under a tenant's newest configuration.
func (h Host) System(ctx context.Context, t store.Tenant) (*record.Session, error) {
	snapshot, err := h.Catalog.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	return h.Records.As(t, snapshot, policy.System(t.Name())), nil
}

// FieldTypes makes the registry of the types of all sets. Two types of one name
// are a programmer's mistake and panic.
func FieldTypes(sets ...Set) *fieldtype.Registry {
	var types []fieldtype.Type
	for _, set := range sets {
		types = append(types, set.FieldTypes...)
	}
	return fieldtype.NewRegistry(types...)
}

// Kinds makes the registry of the kinds of documents of all sets, that of workflows among them. Two kinds of one name
// are a programmer's mistake and panic, as do kinds that need each other.
func Kinds(sets ...Set) *catalog.Kinds {
	var kinds []catalog.Kind
	for _, set := range sets {
		kinds = append(kinds, set.Kinds...)
	}
	if types := Workflows(sets...); len(types.Triggers()) > 0 {
		kinds = append(kinds, types.Kind())
	}
	return catalog.NewKinds(kinds...)
}

// Workflows makes the registry of what workflows are made of. Two types of one name are a programmer's
// mistake and panic.
func Workflows(sets ...Set) *workflows.Registry {
	var triggers []workflows.TriggerType
	var steps []workflows.StepType
	for _, set := range sets {
		triggers, steps = append(triggers, set.Triggers...), append(steps, set.Steps...)
	}
	return workflows.NewRegistry(triggers, steps)
}
