package catalog

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// compileFields compiles what an object's fields require and begin with, gives
// text fields their keys, and checks what the object says about its fields.
func (b *builder) compileFields(o *Object) {
	pointer := pointerTo("object", o.Doc.Name)
	for _, f := range o.Fields {
		switch {
		case f.System:
		case f.Name == recordTypeField && len(o.Doc.RecordTypes) > 0: // no document describes it
			b.compileField(o, f, pointer+step(recordTypeField))
		default:
			b.compileField(o, f, pointer+"/fields"+step(f.Name))
		}
		if f.Doc.Unique || f.Doc.Indexed {
			b.checkStored(f, pointer+"/fields"+step(f.Name)+flagOf(f.Doc))
			addKey(f)
		}
		if f.Doc.CaseSensitive && !f.Doc.Unique {
			b.report(fault.New(fault.Invalid, "catalog.case_without_unique", "field", f.Name), pointer+"/fields"+step(f.Name)+"/case_sensitive")
		}
	}
	eachRows(o, func(r *Rows, at string) {
		for _, f := range r.Fields {
			b.compileField(r, f, at+"/fields"+step(f.Name))
		}
	})
	if f := b.field(o, o.Doc.NameField, pointer+"/name_field"); f != nil {
		if f.Column.Storage != fieldtype.Text || f.System {
			b.report(fault.New(fault.Invalid, "catalog.name_field", "field", f.Name), pointer+"/name_field")
		}
		b.checkOrdered(f, pointer+"/name_field")
		o.NameField = f
		addKey(f)
	}
	search := o.Doc.Search
	if search == nil && o.NameField != nil {
		search = []string{o.NameField.Name}
	}
	for i, name := range search {
		f := b.field(o, name, pointer+"/search"+index(i))
		if f == nil {
			continue
		}
		if s := f.Column.Storage; s != fieldtype.Text && s != fieldtype.List {
			b.report(fault.New(fault.Invalid, "catalog.not_searchable", "field", name), pointer+"/search"+index(i))
			continue
		}
		o.Search = append(o.Search, f)
		if f != o.NameField && isLine(f) {
			o.Apart = append(o.Apart, f)
		}
	}
	for i, name := range o.Doc.Untracked {
		b.field(o, name, pointer+"/untracked"+index(i))
	}
	b.checkParent(o, pointer)
}

// isLine reports whether people enter one line of text in a field.
func isLine(f *Field) bool { return f.Doc != nil && slices.Contains(lines, f.Doc.Type) }

// lines are the types of text of one line.
var lines = []string{"text", "email", "phone", "url"}

// flagOf is the pointer of the setting that asks for a column.
func flagOf(doc *metadata.Field) string {
	if doc.Unique {
		return "/unique"
	}
	return "/indexed"
}

// checkStored refuses a key or an index on a field that is computed when read, or
// whose values have no order.
func (b *builder) checkStored(f *Field, pointer string) bool {
	switch f.Column.Storage {
	case fieldtype.None:
		if f.Formula != nil {
			b.reportNotStored(f, "catalog.not_stored", pointer)
		}
		return false
	case fieldtype.List, fieldtype.JSON:
		b.report(fault.New(fault.Invalid, "catalog.no_order", "field", f.Name), pointer)
		return false
	}
	return b.checkOrdered(f, pointer)
}

// checkOrdered refuses a stored field whose texts may be too long to be compared.
func (b *builder) checkOrdered(f *Field, pointer string) bool {
	_, unordered := f.Value.(fieldtype.Unordered)
	if unordered {
		b.report(fault.New(fault.Invalid, "catalog.too_long_to_compare", "field", f.Name), pointer)
	}
	return !unordered
}

// reportNotStored tells that a field is computed when read, and of a formula on a roll-up that is,
// that this is why.
func (b *builder) reportNotStored(f *Field, code, pointer string) {
	problem := fault.New(fault.Invalid, code, "field", f.Name)
	if f.Formula != nil && f.Formula.RolledUp() {
		paths := f.Formula.Paths()
		read := paths[slices.IndexFunc(paths, func(p expression.Path) bool { return p.Leaf.RolledUp })]
		problem = fault.New(fault.Invalid, "catalog.not_stored_rolled_up", "field", f.Name, "rollup", read.Leaf.Name)
	}
	b.report(problem, pointer)
}

// compileField compiles the settings that fields of all types share, for a record
// or for a child row.
func (b *builder) compileField(names expression.Names, f *Field, pointer string) {
	if o, ok := names.(*Object); (!ok || o.former == nil) && !expression.Usable(f.Name) {
		b.report(fault.New(fault.Invalid, "catalog.reserved_name", "name", f.Name), pointer)
	}
	if (f.Doc.Default != nil || f.Doc.DefaultExpr != "") && (computed(f) || is[fieldtype.Counts](f.Value)) {
		b.report(fault.New(fault.Invalid, "catalog.default_computed", "field", f.Name), pointer+"/default")
		return
	}
	scope := expression.Scope{Record: names, User: b.user(), Result: fieldtype.BoolKind, Scale: -1}
	if f.Doc.Required != nil && f.Doc.Required.When != "" {
		f.Required = b.compile(f.Doc.Required.When, scope, pointer+"/required")
	}
	if f.Doc.VisibleWhen != "" {
		f.VisibleWhen = b.compile(f.Doc.VisibleWhen, scope, pointer+"/visible_when")
	}
	if f.Doc.DefaultExpr != "" {
		if f.Doc.Default != nil {
			b.report(fault.New(fault.Invalid, "catalog.two_defaults", "field", f.Name), pointer+"/default_expr")
		}
		f.Default = b.value(f, f.Doc.DefaultExpr, scope, pointer+"/default_expr")
	}
	if f.Doc.Default != nil {
		f.Initial = b.readValue(f.Value, f.Doc.Default, pointer+"/default")
	}
	b.checkDependency(names, f, pointer)
	if narrows, ok := f.Value.(fieldtype.Narrows); ok && narrows.ChooseWhen() != "" && f.Target != nil {
		f.ChooseWhen = b.compile(narrows.ChooseWhen(), expression.Scope{Record: f.Target, Draft: names, User: b.user(),
			Result: fieldtype.BoolKind, Scale: -1, Queryable: true}, pointer+"/choose_when")
	}
	if emptiedOnDelete(f) {
		b.demand(fault.New(fault.Invalid, "catalog.required_clears", "field", f.Name), pointer+"/on_delete")
	}
}

// emptiedOnDelete reports whether a field that may never be empty is emptied when the
// record that it refers to is deleted, as its document then says.
func emptiedOnDelete(f *Field) bool {
	refers, ok := f.Value.(fieldtype.Refers)
	return ok && !f.System && f.Doc.Required != nil && f.Doc.Required.Always && refers.OnDelete() == "clear"
}

// readValue reads a JSON value that a document says, in stored form.
func (b *builder) readValue(v fieldtype.Value, said json.RawMessage, pointer string) any {
	raw, problem := metadata.ReadJSON(said, metadata.Limits{Bytes: len(said), Depth: 32})
	if problem == nil && raw != nil {
		var stored any
		if stored, problem = v.Coerce(raw); problem == nil {
			return stored
		}
	}
	if problem != nil {
		b.report(problem, pointer)
	}
	return nil
}

// checkDependency checks a picklist whose options depend on another field.
func (b *builder) checkDependency(names expression.Names, f *Field, pointer string) {
	chooses, ok := f.Value.(fieldtype.Chooses)
	if !ok || chooses.DependsOn() == "" {
		return
	}
	symbol, ok := names.Symbol(chooses.DependsOn())
	if !ok {
		b.unknownField(names.Object(), chooses.DependsOn(), names.Symbols(), pointer+"/depends_on")
		return
	}
	controlling, ok := symbol.Value.(fieldtype.Chooses)
	if !ok {
		b.report(fault.New(fault.Invalid, "catalog.no_options", "field", symbol.Name), pointer+"/depends_on")
		return
	}
	if symbol.Name == f.Name {
		b.report(fault.New(fault.Invalid, "catalog.cycle", "cycle", f.Name+" → "+f.Name), pointer+"/depends_on")
		return
	}
	var own struct{ Options map[string]json.RawMessage }
	_ = json.Unmarshal(f.Doc.Settings, &own) // the type has read them
	for _, name := range byName(chooses.Options()) {
		for i, value := range chooses.Options()[name].For {
			at := pointer + "/depends_on" // of a shared picklist
			if own.Options[name] != nil {
				at = pointer + "/options" + step(name) + "/for" + index(i)
			}
			if controlling.Options()[value] == nil {
				b.unknownOption(controlling, symbol.Name, value, at)
			}
		}
	}
}

func (b *builder) unknownOption(c fieldtype.Chooses, field, option, pointer string) {
	if near, ok := metadata.Nearest(option, byName(c.Options())); ok {
		b.report(fault.New(fault.Invalid, "catalog.unknown_option_near", "option", option, "field", field, "suggestion", near), pointer)
		return
	}
	b.report(fault.New(fault.Invalid, "catalog.unknown_option", "option", option, "field", field), pointer)
}

// checkParent checks the lookup whose record decides about this one; that parents
// do not lead round in a circle is checked with the policy.
func (b *builder) checkParent(o *Object, pointer string) {
	if o.Doc.Parent == "" {
		return
	}
	pointer += "/parent"
	f := b.field(o, o.Doc.Parent, pointer)
	if f == nil {
		return
	}
	if f.Target == nil || f.System {
		b.report(fault.New(fault.Invalid, "catalog.parent_not_lookup", "field", f.Name), pointer)
		return
	}
}

// compileRules compiles the validation rules.
func (b *builder) compileRules(o *Object) {
	for _, name := range byName(o.Doc.Rules) {
		doc := o.Doc.Rules[name]
		pointer := pointerTo("object", o.Doc.Name) + "/rules" + step(name)
		if doc.Field != "" {
			b.field(o, doc.Field, pointer+"/field")
		}
		o.Rules = append(o.Rules, &Rule{
			Name: name, Doc: doc,
			Must:     b.change(o, doc.Must, pointer+"/must"),
			When:     b.change(o, doc.When, pointer+"/when"),
			OnCreate: len(doc.On) == 0 || slices.Contains(doc.On, "create"),
			OnSave:   len(doc.On) == 0 || slices.Contains(doc.On, "update"),
		})
	}
	slices.SortStableFunc(o.Rules, func(a, b *Rule) int { return cmp.Compare(a.Doc.Order, b.Doc.Order) })
}

// compileStages compiles the stage model.
func (b *builder) compileStages(o *Object) {
	doc := o.Doc.Stages
	if doc == nil {
		return
	}
	pointer := pointerTo("object", o.Doc.Name) + "/stages"
	field := b.field(o, doc.Field, pointer+"/field")
	if field == nil {
		return
	}
	options, ok := field.Value.(fieldtype.Chooses)
	if !ok || field.Column.Storage != fieldtype.Text || !fieldtype.Restricted(field.Value) {
		b.report(fault.New(fault.Invalid, "catalog.stage_field", "field", field.Name), pointer+"/field")
		return
	}
	o.Stages = &Stages{Field: field, ByName: map[string]*Stage{}}
	for _, name := range byName(doc.Stages) {
		at := pointer + "/stages" + step(name)
		if options.Options()[name] == nil {
			b.unknownOption(options, field.Name, name, at)
		}
		o.Stages.ByName[name] = b.compileStage(o, name, doc.Stages[name], options, at)
	}
	for name, option := range options.Options() {
		stage := doc.Stages[name]
		if !inactive(option) && (stage == nil || stage.Initial == nil || *stage.Initial) {
			return
		}
	}
	b.report(fault.New(fault.Invalid, "catalog.no_initial_stage", "object", o.Doc.Name), pointer+"/stages")
}

func (b *builder) compileStage(o *Object, name string, doc *metadata.Stage, options fieldtype.Chooses, pointer string) *Stage {
	s := &Stage{Name: name, Doc: doc, Set: map[string]*expression.Program{}}
	for i, required := range doc.Required {
		if f := b.field(o, required, pointer+"/required"+index(i)); f != nil {
			s.Required = append(s.Required, f)
		}
	}
	for _, set := range byName(doc.Set) {
		f := b.field(o, set, pointer+"/set")
		if f == nil {
			continue
		}
		if !f.Settable() || f == o.Stages.Field {
			b.report(fault.New(fault.Invalid, "catalog.not_settable", "field", set), pointer+"/set"+step(set))
			continue
		}
		scope := expression.Scope{Record: o, User: b.user(), Old: true}
		s.Set[set] = b.value(f, doc.Set[set], scope, pointer+"/set"+step(set))
	}
	if doc.To == nil {
		return s
	}
	s.To = map[string]*expression.Program{}
	for _, to := range byName(doc.To) {
		at := pointer + "/to" + step(to)
		if options.Options()[to] == nil {
			b.unknownOption(options, o.Doc.Stages.Field, to, at)
			continue
		}
		s.To[to] = nil
		if doc.To[to] != nil {
			s.To[to] = b.change(o, doc.To[to].When, at+"/when")
		}
	}
	return s
}

// compileRecordTypes checks the options of record types.
func (b *builder) compileRecordTypes(o *Object) {
	for _, name := range byName(o.Doc.RecordTypes) {
		t, pointer := o.Doc.RecordTypes[name], pointerTo("object", o.Doc.Name)+"/record_types"+step(name)
		for _, field := range byName(t.Options) {
			at := pointer + "/options" + step(field)
			f := b.field(o, field, at)
			if f == nil {
				continue
			}
			chooses, ok := f.Value.(fieldtype.Chooses)
			if !ok {
				b.report(fault.New(fault.Invalid, "catalog.no_options", "field", field), at)
				continue
			}
			for i, option := range t.Options[field] {
				if chooses.Options()[option] == nil {
					b.unknownOption(chooses, field, option, at+index(i))
				}
			}
		}
		b.compileTypeDefaults(o, t, name, pointer)
		for _, field := range byName(t.Options) {
			if f := o.byName[field]; f != nil {
				b.checkDefaultOfType(o, f, t, name, pointer+"/options"+step(field))
			}
		}
	}
	b.checkRecordTypeChoice(o)
}

// checkFieldSets checks that the fields of field sets exist.
func (b *builder) checkFieldSets(o *Object) {
	for _, name := range byName(o.Doc.FieldSets) {
		for i, field := range o.Doc.FieldSets[name].Fields {
			b.field(o, field, pointerTo("object", o.Doc.Name)+"/field_sets"+step(name)+"/fields"+index(i))
		}
	}
}

// checkRecordTypeChoice checks how records come to their type. That the default is one of
// the types is checked as a field's default is.
func (b *builder) checkRecordTypeChoice(o *Object) {
	if o.Doc.RecordType != nil && len(o.Doc.RecordTypes) == 0 {
		b.report(fault.New(fault.Invalid, "catalog.no_record_types", "object", o.Doc.Name), pointerTo("object", o.Doc.Name)+"/record_type")
	}
}

// compileTypeDefaults compiles what new records of a type begin with.
func (b *builder) compileTypeDefaults(o *Object, t *metadata.RecordType, name, pointer string) {
	begins := map[string]Beginning{}
	settable := func(field, at string) *Field {
		f := b.field(o, field, at)
		if f != nil && (f.System && f.Name != query.Owner.Name || f.Name == recordTypeField || computed(f) || is[fieldtype.Counts](f.Value)) {
			b.report(fault.New(fault.Invalid, "catalog.not_settable", "field", field), at)
			return nil
		}
		return f
	}
	for _, field := range byName(t.Defaults) {
		at := pointer + "/defaults" + step(field)
		if f := settable(field, at); f != nil {
			begins[field] = Beginning{Initial: b.readValue(f.Value, t.Defaults[field], at)}
		}
	}
	for _, field := range byName(t.DefaultExprs) {
		at := pointer + "/default_exprs" + step(field)
		if t.Defaults[field] != nil {
			b.report(fault.New(fault.Invalid, "catalog.two_defaults", "field", field), at)
		}
		if f := settable(field, at); f != nil {
			begins[field] = Beginning{Default: b.value(f, t.DefaultExprs[field], expression.Scope{Record: o, User: b.user()}, at)}
		}
	}
	if len(begins) == 0 {
		return
	}
	if o.begins == nil {
		o.begins = map[string]map[string]Beginning{}
	}
	o.begins[name] = begins
}

// checkDefaultOfType refuses a default that a record type excludes: no record of the type
// could be made without saying another value.
func (b *builder) checkDefaultOfType(o *Object, f *Field, t *metadata.RecordType, name, pointer string) {
	var begun []string
	switch v := o.Beginning(f, name).Initial.(type) {
	case string:
		begun = []string{v}
	case []string:
		begun = v
	}
	for _, option := range begun {
		if !slices.Contains(t.Options[f.Name], option) {
			b.demand(fault.New(fault.Invalid, "catalog.default_excluded", "field", f.Name, "option", option, "type", name), pointer)
		}
	}
}

// compileUnique compiles unique fields and unique keys, and checks the indexes that
// are asked for.
func (b *builder) compileUnique(o *Object) {
	for _, f := range o.Fields {
		if f.Doc.Unique && f.Column.Storage != fieldtype.None {
			if f.Doc.CaseSensitive {
				addExact(f)
			}
			o.Unique = append(o.Unique, &UniqueKey{Name: f.Name, Fields: []*Field{f}, CaseSensitive: f.Doc.CaseSensitive})
		}
	}
	for _, name := range byName(o.Doc.Unique) {
		doc, pointer := o.Doc.Unique[name], pointerTo("object", o.Doc.Name)+"/unique"+step(name)
		key := &UniqueKey{Name: name, Doc: doc, CaseSensitive: doc.CaseSensitive}
		for i, field := range doc.Fields {
			f := b.field(o, field, pointer+"/fields"+index(i))
			if f == nil || !b.checkStored(f, pointer+"/fields"+index(i)) {
				continue
			}
			if key.CaseSensitive {
				addExact(f)
			} else {
				addKey(f)
			}
			key.Fields = append(key.Fields, f)
		}
		o.Unique = append(o.Unique, key)
	}
	for _, key := range o.Unique {
		key.Index = indexName("u", key.columns())
	}
	for _, name := range byName(o.Doc.Indexes) {
		for i, field := range o.Doc.Indexes[name].Fields {
			at := pointerTo("object", o.Doc.Name) + "/indexes" + step(name) + "/fields" + index(i)
			if f := b.own(o, strings.TrimPrefix(field, "-"), at); f != nil {
				b.checkStored(f, at)
			}
		}
	}
}

// columns are what the index of the key is on.
func (k *UniqueKey) columns() []column {
	columns := make([]column, len(k.Fields))
	for i, f := range k.Fields {
		columns[i] = column{Column: k.Compared(f)}
	}
	return columns
}

// Compared is the column by which the key compares one of its fields.
func (k *UniqueKey) Compared(f *Field) query.Column {
	if k.CaseSensitive && f.Exact.Storage != fieldtype.None {
		return f.Exact
	}
	return f.compared()
}

// compared is the column by which values of a field are sorted and held to be the same.
func (f *Field) compared() query.Column {
	if f.Key.Storage != fieldtype.None {
		return f.Key
	}
	return f.Column
}

// compileDuplicates compiles duplicate rules; each compared field has a column of
// its own for the rule.
func (b *builder) compileDuplicates(o *Object) {
	for _, name := range byName(o.Doc.Duplicates) {
		doc, pointer := o.Doc.Duplicates[name], pointerTo("object", o.Doc.Name)+"/duplicates"+step(name)
		rule := &DuplicateRule{Name: name, Doc: doc, When: b.condition(o, doc.When, pointer+"/when")}
		for _, field := range byName(doc.Match) {
			f := b.field(o, field, pointer+"/match"+step(field))
			if f == nil {
				continue
			}
			if f.Column.Storage == fieldtype.None || f.Column.Storage == fieldtype.JSON {
				b.report(fault.New(fault.Invalid, "catalog.not_stored", "field", field), pointer+"/match"+step(field))
				continue
			}
			if !b.checkOrdered(f, pointer+"/match"+step(field)) {
				continue
			}
			rule.Matches = append(rule.Matches, &Match{Field: f, Doc: doc.Match[field],
				Key: query.Column{Name: field + ":d." + name, Storage: fieldtype.Text}})
		}
		o.Dupes = append(o.Dupes, rule)
	}
	slices.SortStableFunc(o.Dupes, func(a, b *DuplicateRule) int { return cmp.Compare(a.Doc.Order, b.Doc.Order) })
}
