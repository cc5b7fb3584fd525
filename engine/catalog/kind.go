package catalog

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Kind is a kind of documents. It is registered by the room that owns it; nothing
// below that room knows it. Its methods keep no state, and what they return is not
// changed any more.
type Kind interface {
	// Name is what the documents say as their "kind".
	Name() string
	// Schema is the JSON Schema of the members that they have besides those of all
	// documents; see schema.Kind.
	Schema() json.RawMessage
	// Read decodes the body of a document that keeps to the schema.
	Read(body json.RawMessage) (any, error)
	// Compile checks all documents of the kind against the others and compiles them. It
	// reports every problem to c, leaves out what it can't compile, and goes on. What it
	// returns is kept in the snapshot, where Of finds it.
	Compile(c *Compiling) any
}

// Abilities that a Kind may have besides.
type (
	// Needs names the kinds that are compiled before, because Compile looks at what they
	// were compiled to. A compiled document is reused while they are unchanged, so Compile
	// must depend on nothing else. To look at a kind that is not named is a programmer's mistake and panics.
	// Whoever compiles expressions needs "object", or else "constant" and "setting".
	Needs interface{ Needs() []string }
	// Mentions names kinds of whose documents Compile uses nothing but the names. They
	// may need the kind in turn.
	Mentions interface{ Mentions() []string }
	// Affects tells what a change of the kind's documents does to live data.
	Affects interface{ Effects(c *Comparison) }
	// Warns tells what documents allow and probably should not. It keeps no change from
	// being applied. It is asked of snapshots that have compiled.
	Warns interface {
		Warnings(s *Snapshot) []*fault.Fault
	}
	// Lists tells which lists of records the documents ask for: indexes are planned for
	// them, and advised on. It is asked of snapshots that have compiled.
	Lists interface{ Lists(s *Snapshot) []*List }
	// Works tells which jobs a new revision makes necessary. They are enqueued in the
	// transaction that commits it, after those of the objects.
	Works interface {
		Jobs(before, after *Snapshot) []Job
	}
	// Trusted kinds have documents that act with all rights. Who does not manage permissions neither adds
	// nor changes them.
	Trusted interface{ Trusted() }
	// Shows says what of a document is shown to those who may not see the setup. Without
	// it they are shown nothing.
	Shows interface {
		Shown(types *fieldtype.Registry) metadata.Shown
	}
)

// Job is a job to enqueue: its kind, as the runner knows it, and its arguments, which
// become JSON.
type Job struct {
	Kind string
	Args any
}

// Documents is embedded by kinds whose documents are read into a D. It gives them a
// Read, and a Compile that keeps the documents as they are, as a map[string]*D.
type Documents[D any] struct{}

// Read implements Kind.
func (Documents[D]) Read(body json.RawMessage) (any, error) {
	v := new(D)
	err := json.Unmarshal(body, v)
	return v, err
}

// Compile implements Kind.
func (Documents[D]) Compile(c *Compiling) any { return Read[D](c) }

// Of is what the documents of a kind were compiled to: what its Compile returned, zero
// in a snapshot without the kind. Another type than Compile's is a programmer's mistake
// and panics. A room gives its kinds a function of their own that calls it.
func Of[T any](s *Snapshot, kind string) T {
	s.assertNeeded(kind)
	compiled := s.compiled[kind]
	if compiled == nil {
		var none T
		return none
	}
	return compiled.(T)
}

// Kinds are the kinds of documents of a program. Immutable.
type Kinds struct {
	byName map[string]Kind
	order  []Kind                     // each after those it needs
	needed map[string]map[string]bool // by kind, those that it needs, also through others
}

// NewKinds makes a registry. A kind that is registered twice, needs one that is not
// registered, or needs itself through others, is a programmer's mistake and panics.
func NewKinds(kinds ...Kind) *Kinds {
	r := &Kinds{byName: make(map[string]Kind, len(kinds)), needed: make(map[string]map[string]bool, len(kinds))}
	for _, kind := range kinds {
		if _, twice := r.byName[kind.Name()]; twice {
			panic("the kind of documents " + kind.Name() + " is registered twice")
		}
		r.byName[kind.Name()] = kind
	}
	for _, kind := range kinds {
		r.place(kind, nil)
	}
	return r
}

// place appends a kind to the order after those it needs. trail are the kinds that
// led to it.
func (r *Kinds) place(kind Kind, trail []string) {
	if slices.ContainsFunc(r.order, func(k Kind) bool { return k.Name() == kind.Name() }) {
		return
	}
	trail = append(trail, kind.Name())
	if slices.Contains(trail[:len(trail)-1], kind.Name()) {
		panic("kinds of documents need each other: " + strings.Join(trail, " → "))
	}
	all := map[string]bool{}
	for _, name := range needs(kind) {
		needed, ok := r.byName[name]
		if !ok {
			panic(fmt.Sprintf("the kind of documents %s needs %s, which is not registered", kind.Name(), name))
		}
		r.place(needed, trail)
		all[name] = true
		maps.Copy(all, r.needed[name])
	}
	r.needed[kind.Name()] = all
	r.order = append(r.order, kind)
}

func needs(kind Kind) []string {
	if k, ok := kind.(Needs); ok {
		return k.Needs()
	}
	return nil
}

// All lists the kinds, each after those it needs, otherwise as they were registered.
func (r *Kinds) All() []Kind { return slices.Clone(r.order) }

// StandardKinds lists the kinds of this room: those that everything else is compiled against.
func StandardKinds() []Kind {
	return []Kind{
		packageKind{},
		picklistKind{},
		constantKind{},
		settingKind{},
		objectKind{},
		recordKind{},
		viewKind{},
		layoutKind{},
		appKind{},
		dashboardKind{},
		roleKind{},
		permissionKind{},
		sharingKind{},
		policyKind{},
		originKind{},
	}
}

//go:embed kinds/*.json
var schemaFiles embed.FS

// schemaOf is the file of a kind of this room.
func schemaOf(kind string) json.RawMessage {
	raw, err := schemaFiles.ReadFile("kinds/" + kind + ".json")
	if err != nil {
		panic(err) // embedded beside the kind
	}
	return raw
}
