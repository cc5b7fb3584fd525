// Package sla is service levels as configuration: documents of the kind "sla", each a clock of working time that starts,
// pauses and stops with the records of an object, and says in fields of theirs by when something is due and whether
// that was met.
//
// The clock is moved in every save of a record by a hook, from what it remembers in its fields and from the
// conditions. What comes by the time alone, that a target is missed, is left to whoever runs workflows.
package sla

import (
	_ "embed" // the schema
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"formwork/engine/calendar"
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// KindName is what the documents say as their "kind".
const KindName = "sla"

// States of a clock. That of one which has not started is empty.
const (
	Running = "running"
	Paused  = "paused"
	Met     = "met"
	Missed  = "missed"
)

var states = []string{Running, Paused, Met, Missed}

// Definition is a document of an SLA.
type Definition struct {
	metadata.Head
	Object   string `json:"object"`
	Active   *bool  `json:"active"`
	Calendar string `json:"calendar"` // "": all time counts
	Target   string `json:"target"`
	Starts   string `json:"starts"` // "": with the record
	Pauses   string `json:"pauses"` // "": never
	Stops    string `json:"stops"`
	Fields   Fields `json:"fields"`
}

// Fields are the names of those that a clock writes.
type Fields struct {
	State string `json:"state"`
	Due   string `json:"due"`
	Since string `json:"since"`
	Spent string `json:"spent"`
	Left  string `json:"left"` // "": none
}

// SLA is a definition compiled. Immutable.
type SLA struct {
	Doc      *Definition
	Object   *catalog.Object
	State    *catalog.Field
	Due      *catalog.Field
	calendar *calendar.Calendar // nil: all time counts
	target   *expression.Program
	starts   *expression.Program // nil: with the record
	pauses   *expression.Program // nil: never
	stops    *expression.Program
	running  *expression.Program // the condition on records whose clock runs
}

// Compiled are the SLAs of a configuration.
type Compiled struct {
	ByName map[string]*SLA
	// All are those that are active, by name, and byObject the same of each object.
	All      []*SLA
	byObject map[string][]*SLA
}

// Of are the SLAs of a configuration.
func Of(s *catalog.Snapshot) *Compiled {
	if c := catalog.Of[*Compiled](s, KindName); c != nil {
		return c
	}
	return &Compiled{}
}

// On are the active SLAs of an object, by name.
func (c *Compiled) On(object string) []*SLA { return c.byObject[object] }

//go:embed sla.json
var schemaFile []byte

// Kind is the kind of documents.
func Kind() catalog.Kind { return kind{} }

type kind struct{ catalog.Documents[Definition] }

func (kind) Name() string            { return KindName }
func (kind) Schema() json.RawMessage { return schemaFile }
func (kind) Needs() []string         { return []string{"object", calendar.KindName} }

// Trusted implements catalog.Trusted: what the expressions read is not asked of anybody's rights.
func (kind) Trusted() {}

// AlsoCalled are the names that other systems have for the kind.
func (kind) AlsoCalled() []string { return []string{"milestone", "service_level", "sla_policy"} }

// JobMiss has clocks be missed whose time has come. A change of the SLAs enqueues it; see runner.
const JobMiss = "miss_slas"

// Jobs implements catalog.Works.
func (kind) Jobs(before, after *catalog.Snapshot) []catalog.Job {
	if slices.Equal(Of(before).All, Of(after).All) {
		return nil
	}
	return []catalog.Job{{Kind: JobMiss}}
}

// Lists implements catalog.Lists: which clock is due next is asked again and again.
func (kind) Lists(s *catalog.Snapshot) (lists []*catalog.List) {
	for _, x := range Of(s).All {
		lists = append(lists, &catalog.List{Source: KindName + "/" + x.Doc.Name, Object: x.Object, Needed: true, Filter: x.running,
			Sort: []catalog.SortKey{{Ref: query.Field(x.Due.Column)}}})
	}
	return lists
}

func (kind) Compile(c *catalog.Compiling) any {
	former := func(s *catalog.Snapshot) map[string]*SLA { return Of(s).ByName }
	all := &Compiled{ByName: catalog.EachOf(c, former, func(d *Definition, at string) *SLA { return compile(c, d, at) }), byObject: map[string][]*SLA{}}
	taken := map[[2]string]bool{}
	for _, name := range slices.Sorted(maps.Keys(all.ByName)) {
		x := all.ByName[name]
		for member, field := range x.Doc.Fields.byMember() {
			if key := [2]string{x.Doc.Object, field}; taken[key] {
				c.Report(fault.New(fault.Invalid, "sla.field_taken", "field", field), fmt.Sprintf("/%s/%s/fields/%s", KindName, name, member))
			} else {
				taken[key] = true
			}
		}
		if x.Doc.Active == nil || *x.Doc.Active {
			all.All = append(all.All, x)
			all.byObject[x.Doc.Object] = append(all.byObject[x.Doc.Object], x)
		}
	}
	return all
}

// byMember are the names of the fields by what they are for, in a fixed order.
func (f Fields) byMember() func(yield func(member, field string) bool) {
	return func(yield func(member, field string) bool) {
		for _, one := range [][2]string{{"state", f.State}, {"due", f.Due}, {"since", f.Since}, {"spent", f.Spent}, {"left", f.Left}} {
			if one[1] != "" && !yield(one[0], one[1]) {
				return
			}
		}
	}
}

// compile makes an SLA, or reports what is wrong with it.
func compile(c *catalog.Compiling, d *Definition, at string) *SLA {
	x := &SLA{Doc: d, Object: c.Object(d.Object, at+"/object")}
	if x.Object == nil {
		return nil
	}
	if x.Object.Doc.Configuration {
		c.Report(fault.New(fault.Invalid, "workflow.configuration", "object", d.Object), at+"/object")
		return nil
	}
	if d.Calendar != "" {
		if x.calendar = calendar.Of(c.Snapshot())[d.Calendar]; x.calendar == nil {
			c.Unknown(calendar.KindName, d.Calendar, at+"/calendar")
		}
	}
	program := func(source string, result fieldtype.Kind, member string) *expression.Program {
		if source == "" {
			return nil
		}
		return c.Expression(source, expression.Scope{Record: x.Object, Draft: x.Object, Result: result, Scale: -1}, at+member)
	}
	x.target = program(d.Target, fieldtype.DurationKind, "/target")
	x.starts, x.pauses, x.stops = program(d.Starts, fieldtype.BoolKind, "/starts"), program(d.Pauses, fieldtype.BoolKind, "/pauses"), program(d.Stops, fieldtype.BoolKind, "/stops")
	sound := true
	for member, name := range d.Fields.byMember() {
		f := x.written(c, name, member, at+"/fields/"+member)
		sound = sound && f != nil
		switch member {
		case "state":
			x.State = f
		case "due":
			x.Due = f
		}
	}
	if !sound {
		return nil
	}
	x.running = c.Filter(x.Object, fmt.Sprintf("%s == %q", d.Fields.State, Running), at+"/fields/state")
	return x
}

// written is a field that a clock writes, and nobody else; nil where it is not one, which is reported.
func (x *SLA) written(c *catalog.Compiling, name, member, at string) *catalog.Field {
	f := c.Field(x.Object, name, at)
	if f == nil {
		return nil
	}
	kind := fieldtype.DatetimeKind
	switch member {
	case "spent", "left":
		kind = fieldtype.DurationKind
	case "state":
		chooses, ok := f.Value.(fieldtype.Chooses)
		if !ok || f.Column.Storage != fieldtype.Text || slices.ContainsFunc(states, func(s string) bool { return chooses.Options()[s] == nil }) {
			c.Report(fault.New(fault.Invalid, "sla.bad_state", "field", name), at)
			return nil
		}
		kind = f.Value.Kind()
	}
	switch {
	case f.Value.Kind() != kind || !f.Settable():
		c.Report(fault.New(fault.Invalid, "sla.bad_field", "field", name), at)
	case !f.Doc.ReadOnly:
		c.Report(fault.New(fault.Invalid, "sla.not_read_only", "field", name), at)
	default:
		return f
	}
	return nil
}
