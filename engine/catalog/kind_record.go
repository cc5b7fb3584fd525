package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// recordKind is the kind of the documents that are the records of objects with
// "configuration": true. Users are not shown the documents: they read the records.
type recordKind struct{ Documents[metadata.Record] }

// Record is a record of the configuration. Its id follows from its object and name, so that
// references stay right whatever becomes of the document, in every tenant.
type Record struct {
	Doc    *metadata.Record
	Object *Object
	ID     id.ID
	// Values are those of the document, as a caller of the API sends them.
	Values map[string]any

	stored map[string]any // the same in stored form
	refers []string       // documents of the records that it refers to
}

// Records are the records of the configuration, each after those that it refers to.
func Records(s *Snapshot) []*Record { return Of[[]*Record](s, "record") }

func (recordKind) Name() string            { return "record" }
func (recordKind) Schema() json.RawMessage { return schemaOf("record") }
func (recordKind) Needs() []string         { return []string{"object"} }

// AlsoCalled are the names that other systems have for the kind.
func (recordKind) AlsoCalled() []string {
	return []string{"custom_metadata", "custom_metadata_record", "fixture", "seed"}
}

func (recordKind) Compile(c *Compiling) any {
	r := &recordCompiler{Compiling: c, documents: Read[metadata.Record](c), made: map[string]*Record{}}
	for _, o := range c.objects {
		if o.Doc.Configuration && o.Doc.Name == "user" {
			c.report(fault.New(fault.Invalid, "catalog.never_configuration", "object", o.Doc.Name), pointerTo("object", o.Doc.Name)+"/configuration")
		}
	}
	for _, name := range byName(r.documents) {
		if made := r.compile(r.documents[name], pointerTo("record", name)); made != nil {
			r.made[name] = made
		}
	}
	var order []*Record
	state := map[string]visitState{}
	for _, name := range byName(r.made) {
		r.visit(name, nil, state, &order)
	}
	r.checkKeys()
	return order
}

type recordCompiler struct {
	*Compiling
	documents map[string]*metadata.Record
	made      map[string]*Record
}

func (r *recordCompiler) compile(doc *metadata.Record, at string) *Record {
	o := r.object(doc.Object, at+"/object")
	if o == nil {
		return nil
	}
	if !o.Doc.Configuration {
		r.report(fault.New(fault.Invalid, "catalog.no_configuration", "object", doc.Object), at+"/object")
		return nil
	}
	made := &Record{Doc: doc, Object: o, ID: id.Named("record/" + doc.Object + "/" + doc.Name),
		Values: map[string]any{}, stored: map[string]any{}}
	problems := len(r.problems)
	for _, name := range byName(doc.Values) {
		at := at + "/values" + step(name)
		if f := r.field(o, name, at); f != nil {
			r.value(made, f, doc.Values[name], at)
		}
	}
	if len(r.problems) == problems {
		r.checkRecord(made, at)
	}
	return made
}

// value reads one value of a record.
func (r *recordCompiler) value(of *Record, f *Field, said json.RawMessage, at string) {
	_, refers := f.Value.(fieldtype.Refers)
	switch {
	case f.System || computed(f) || is[fieldtype.Counts](f.Value) || is[fieldtype.Opens](f.Value) || is[fieldtype.Files](f.Value):
		r.report(fault.New(fault.Invalid, "catalog.record_field", "field", f.Name), at)
		return
	case refers:
		if to := r.reference(of, f, said, at); to != 0 {
			of.Values[f.Name], of.stored[f.Name] = to.String(), int64(to)
		}
		return
	}
	stored := r.readValue(f.Value, said, at)
	if stored == nil {
		return
	}
	// What has been read once can be read again.
	of.Values[f.Name], _ = metadata.ReadJSON(said, metadata.Limits{Bytes: len(said), Depth: metadata.MaxDepth})
	of.stored[f.Name] = stored
}

// reference finds the record that a lookup names; 0 where there is none.
func (r *recordCompiler) reference(of *Record, f *Field, said json.RawMessage, at string) id.ID {
	if f.Target == nil || !f.Target.Doc.Configuration {
		r.report(fault.New(fault.Invalid, "catalog.record_reference", "field", f.Name), at)
		return 0
	}
	var name string
	if json.Unmarshal(said, &name) != nil || r.documents[name] == nil {
		r.unknownDocument("record", strings.Trim(string(said), `"`), at)
		return 0
	}
	object := f.Target.Doc.Name
	if other := r.documents[name].Object; other != object {
		r.report(fault.New(fault.Invalid, "catalog.record_of_other", "name", name, "other", other, "field", f.Name, "object", object), at)
		return 0
	}
	of.refers = append(of.refers, name)
	return id.Named("record/" + object + "/" + name)
}

// visit puts a record in the order after those that it refers to.
func (r *recordCompiler) visit(name string, trail []string, state map[string]visitState, order *[]*Record) {
	made := r.made[name]
	if made == nil || state[name] == closed {
		return
	}
	trail = append(trail, name)
	if state[name] == open {
		trail = trail[slices.Index(trail, name):]
		r.report(fault.New(fault.Invalid, "catalog.cycle", "cycle", strings.Join(trail, " → ")), pointerTo("record", name))
		return
	}
	state[name] = open
	for _, to := range made.refers {
		r.visit(to, trail, state, order)
	}
	state[name] = closed
	*order = append(*order, made)
}

// checkRecord holds a record to what is required, and to the rules that can be told without
// the store: those over its own values. All are held once more when it is written.
func (r *recordCompiler) checkRecord(of *Record, at string) {
	for _, f := range of.Object.Fields {
		if f.System || computed(f) || f.Doc.Required == nil || of.stored[f.Name] != nil {
			continue
		}
		if f.Doc.Required.Always || f.Required != nil && of.tells(f.Required) && of.holds(f.Required) {
			r.report(fault.New(fault.Invalid, "record.required", "field", f.Name), at+"/values"+step(f.Name))
		}
	}
	for _, rule := range of.Object.Rules {
		if !rule.OnCreate || !of.tells(rule.Must) || !of.tells(rule.When) || rule.When != nil && !of.holds(rule.When) || of.holds(rule.Must) {
			continue
		}
		r.report(fault.New(fault.Invalid, "record.rule", "rule", rule.Name, "message", rule.Doc.Message.In("en", rule.Name)), at+"/values")
	}
}

// tells reports whether a condition, if there is one, reads the record's own values alone.
func (r *Record) tells(p *expression.Program) bool {
	if p == nil {
		return true
	}
	if p.UsesClock() || !stable(p) {
		return false
	}
	return !slices.ContainsFunc(p.Paths(), func(path expression.Path) bool {
		f := r.Object.byName[path.Leaf.Name]
		return len(path.Via) > 0 || f == nil || f.System || computed(f)
	})
}

func (r *Record) holds(p *expression.Program) bool {
	held, err := p.Holds(ownValues(r.stored))
	return err == nil && held
}

// ownValues answers conditions that a record tells.
type ownValues map[string]any

func (v ownValues) Get(p expression.Path) any { return v[p.Leaf.Name] }
func (ownValues) Now() time.Time              { return time.Time{} }
func (ownValues) Location() *time.Location    { return time.UTC }

// checkKeys refuses records that agree in a unique key.
func (r *recordCompiler) checkKeys() {
	seen := map[string]string{} // the record that has the values of a key
	for _, name := range byName(r.made) {
		of := r.made[name]
		for _, key := range of.Object.Unique {
			values, whole := fmt.Sprintf("%q", []string{of.Object.Doc.Name, key.Name}), true
			for _, f := range key.Fields {
				v := of.stored[f.Name]
				whole = whole && v != nil
				if folds, ok := f.Value.(fieldtype.Folds); ok && v != nil && key.Compared(f) == f.Key {
					v = folds.Fold(v)
				}
				values += fmt.Sprintf(" %q", fmt.Sprint(v))
			}
			if !whole {
				continue
			}
			if other, twice := seen[values]; twice {
				r.report(fault.New(fault.Invalid, "catalog.record_twice", "other", other, "key", key.Name), pointerTo("record", name)+"/values")
			}
			seen[values] = name
		}
	}
}

// Effects tells what refers to records that go, and of records that the configuration
// takes the place of.
func (recordKind) Effects(c *Comparison) {
	for _, name := range byName(c.After.Objects) {
		old := c.Before.Objects[name]
		if old == nil || old.Doc.Configuration || !c.After.Objects[name].Doc.Configuration {
			continue
		}
		path := "object/" + name + "/configuration"
		c.Add(Effect{Impact: Impact{Class: Destructive, Path: path, Notice: fault.New(fault.Invalid, "catalog.replaces_records", "object", name)},
			Table: name, counted: true})
	}
	stay := map[id.ID]bool{}
	for _, r := range Records(c.After) {
		stay[r.ID] = true
	}
	for _, r := range Records(c.Before) {
		if o := c.After.Objects[r.Doc.Object]; stay[r.ID] || o == nil || !o.Doc.Configuration {
			continue
		}
		for _, in := range r.Object.Inbound {
			from := c.After.Objects[in.From.Doc.Name]
			if from == nil || from.Doc.Configuration {
				continue
			}
			path := "record/" + r.Doc.Name + "/" + from.Doc.Name + "/" + in.Field.Name
			c.Add(Effect{Impact: Impact{Class: Destructive, Path: path, Notice: fault.New(fault.Invalid, "catalog.removes_record",
				"record", r.Doc.Name, "field", in.Field.Name, "object", from.Doc.Name)},
				Table: in.From.Table.Name, Where: query.Is(in.Field.Column, in.reference(r)), counted: true})
		}
	}
}

// reference is the stored form of the reference to a record.
func (in *Inbound) reference(to *Record) any {
	if in.Field.Column.Storage == fieldtype.Text {
		return to.Doc.Object + "/" + to.ID.String()
	}
	return int64(to.ID)
}

// configured are the objects of which a revision says other records than the one before, or
// that changed themselves.
func configured(before, after *Snapshot) []string {
	differs := map[string]bool{}
	for name, o := range after.Objects {
		k := key("object", name)
		differs[name] = o.Doc.Configuration && (before == nil || string(before.Documents[k].Body) != string(after.Documents[k].Body))
	}
	had := map[metadata.Key]*Record{}
	if before != nil {
		for _, r := range Records(before) {
			had[key("record", r.Doc.Name)] = r
		}
	}
	for _, r := range Records(after) {
		k := key("record", r.Doc.Name)
		if had[k] == nil || had[k].ID != r.ID || string(before.Documents[k].Body) != string(after.Documents[k].Body) {
			differs[r.Doc.Object] = true
		}
		if had[k] != nil && had[k].ID == r.ID {
			delete(had, k)
		}
	}
	for _, r := range had { // gone
		if o := after.Objects[r.Doc.Object]; o != nil && o.Doc.Configuration {
			differs[r.Doc.Object] = true
		}
	}
	var names []string
	for _, name := range byName(differs) {
		if differs[name] {
			names = append(names, name)
		}
	}
	return names
}
