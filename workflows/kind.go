package workflows

import (
	"cmp"
	_ "embed" // the schema
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"formwork/engine/calendar"
	"formwork/engine/catalog"
	"formwork/engine/connection"
	"formwork/engine/form"
	"formwork/engine/mail"
	"formwork/engine/query"
	"formwork/engine/template"
	"formwork/metadata/schema"
)

//go:embed workflow.json
var schemaFile []byte

// Kind is the kind of documents, for some types of triggers and steps.
func (r *Registry) Kind() catalog.Kind { return kind{registry: r} }

type kind struct {
	catalog.Documents[Definition]
	registry *Registry
}

func (kind) Name() string { return KindName }
func (kind) Needs() []string {
	return []string{"object", "permission", "constant", connection.KindName, mail.KindName, template.KindName, calendar.KindName, form.KindName}
}

// Trusted implements catalog.Trusted: what expressions of workflows read, and steps do, is not asked of anybody's rights.
func (kind) Trusted() {}

// AlsoCalled are the names that other systems have for the kind.
func (kind) AlsoCalled() []string { return []string{"flow", "automation", "process", "trigger"} }

// Schema is composed of what all workflows have and the settings of each type.
func (k kind) Schema() json.RawMessage {
	var s map[string]any
	if err := json.Unmarshal(schemaFile, &s); err != nil {
		panic(fmt.Errorf("the schema of workflows: %w", err)) // embedded beside this
	}
	defs := s["$defs"].(map[string]any)
	schema.Choose(defs, "trigger", schemasOf(k.registry.Triggers()))
	schema.Choose(defs, "step", schemasOf(k.registry.Steps()))
	raw, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Errorf("the schema of workflows: %w", err))
	}
	return raw
}

func schemasOf[T interface {
	Name() string
	Schema() json.RawMessage
}](types []T) map[string]json.RawMessage {
	all := make(map[string]json.RawMessage, len(types))
	for _, t := range types {
		all[t.Name()] = t.Schema()
	}
	return all
}

// JobSchedule has the clock set off workflows. A change of those that it sets off enqueues it; see runner.
const JobSchedule = "schedule_workflows"

// Jobs implements catalog.Works.
func (kind) Jobs(before, after *catalog.Snapshot) []catalog.Job {
	if slices.Equal(Of(before).Timed, Of(after).Timed) {
		return nil
	}
	return []catalog.Job{{Kind: JobSchedule}}
}

// Lists implements catalog.Lists: the clock asks again and again which moment comes next.
func (kind) Lists(s *catalog.Snapshot) (lists []*catalog.List) {
	for _, w := range Of(s).Timed {
		if m, ok := w.Trigger.(OnMoment); ok {
			field, _ := m.Moment()
			lists = append(lists, &catalog.List{Source: KindName + "/" + w.Doc.Name, Object: w.Object, Needed: true, Sort: []catalog.SortKey{{Ref: query.Field(field.Column)}}})
		}
	}
	return lists
}

func (k kind) Compile(c *catalog.Compiling) any {
	all := k.registry.compilation(c)
	former := func(s *catalog.Snapshot) map[string]*Workflow { return still(Of(s).ByName, all.definitions()) }
	compiled := &Compiled{before: map[moment][]*Workflow{}, after: map[moment][]*Workflow{}, manual: map[string][]*Workflow{}, moments: map[string][]*Workflow{}, locks: map[string]bool{}, asks: map[string]bool{}, watches: map[string]bool{}, letters: map[string]bool{}}
	compiled.ByName = catalog.EachOf(c, former, all.compile)
	compiled.followCalls(c)
	compiled.Keeps = keeps(c)
	inOrder := slices.SortedFunc(maps.Values(compiled.ByName), func(a, b *Workflow) int {
		return cmp.Or(cmp.Compare(a.Doc.Order, b.Doc.Order), cmp.Compare(a.Doc.Name, b.Doc.Name))
	})
	for _, w := range inOrder {
		for _, node := range w.Nodes {
			if asks, ok := node.Step.(Inquiring); ok && asks.Letter() != "" {
				compiled.letters[asks.Letter()] = true
			}
		}
		if w.Object != nil && w.locks() {
			compiled.locks[w.Object.Doc.Name] = true
		}
		if w.Watches() {
			compiled.watches[w.Object.Doc.Name] = true
		}
		if _, ok := w.Trigger.(OnPress); ok && w.Active() {
			compiled.manual[w.Object.Doc.Name] = append(compiled.manual[w.Object.Doc.Name], w)
		}
		if _, ok := w.Trigger.(OnTime); ok && w.Active() {
			compiled.Timed = append(compiled.Timed, w)
		}
		if _, ok := w.Trigger.(OnMoment); ok && w.Active() {
			compiled.moments[w.Object.Doc.Name] = append(compiled.moments[w.Object.Doc.Name], w)
		}
		t, ok := w.Trigger.(OnSave)
		if !ok || !w.Active() {
			continue
		}
		at := compiled.after
		if t.Before() {
			at = compiled.before
		}
		for _, action := range t.On() {
			m := moment{w.Object.Doc.Name, action}
			at[m] = append(at[m], w)
		}
	}
	return compiled
}

// locks reports whether a step may keep people from changing the record. Also one of a workflow that is not active: runs
// go on.
func (w *Workflow) locks() bool {
	for _, n := range w.Nodes {
		if l, ok := n.Step.(Locking); ok && l.Locks() {
			return true
		}
	}
	return false
}

// Watches reports whether runs may wait for changes of their record. Also of one that is not active.
func (w *Workflow) Watches() bool {
	for _, n := range w.Nodes {
		if _, ok := n.Step.(Watching); ok {
			return true
		}
	}
	return false
}
