package catalog

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// systemField is a field that every record has and no document describes.
type systemField struct {
	column   query.Column
	kind     string // field type
	settings string
	label    metadata.Text
}

// systemFields in the order in which they are shown. A record's owner may not be
// deleted before its records have another; who made or changed one may.
var systemFields = []systemField{
	{query.ID, "lookup", `{"type":"lookup"}`, metadata.Text{"en": "ID", "zh": "编号"}},
	{query.Version, "number", `{"type":"number","scale":0}`, metadata.Text{"en": "Version", "zh": "版本"}},
	{query.CreatedAt, "datetime", `{"type":"datetime"}`, metadata.Text{"en": "Created at", "zh": "创建时间"}},
	{query.CreatedBy, "lookup", `{"type":"lookup","object":"user","on_delete":"clear"}`, metadata.Text{"en": "Created by", "zh": "创建人"}},
	{query.UpdatedAt, "datetime", `{"type":"datetime"}`, metadata.Text{"en": "Updated at", "zh": "更新时间"}},
	{query.UpdatedBy, "lookup", `{"type":"lookup","object":"user","on_delete":"clear"}`, metadata.Text{"en": "Updated by", "zh": "更新人"}},
	{query.Owner, "lookup", `{"type":"lookup","object":"user","on_delete":"restrict"}`, metadata.Text{"en": "Owner", "zh": "所有者"}},
}

// recordTypeField is the field that says of which type a record is, on objects
// that have record types.
const recordTypeField = "record_type"

// everyTarget lets system fields refer to users also where no object user exists.
type everyTarget struct {
	*builder
	object string
}

func (t everyTarget) Names(kind string) []string { return []string{t.object} }

// reservedPrefix begins the names of tables that a store keeps for itself.
const reservedPrefix = "sqlite_"

// makeObjects gives every object its fields with bound types and columns.
func (b *builder) makeObjects() {
	for _, o := range b.objects {
		if strings.HasPrefix(o.Doc.Name, reservedPrefix) {
			b.report(fault.New(fault.Invalid, "catalog.reserved_name", "name", o.Doc.Name), pointerTo("object", o.Doc.Name)+"/name")
		}
		o.Table.Name = o.Doc.Name
		o.Owned = o.Doc.Parent == ""
		o.former = b.unchanged(o.Doc.Name)
		b.countFields(len(systemFields), pointerTo("object", o.Doc.Name))
		b.addSystemFields(o)
		pointer := pointerTo("object", o.Doc.Name) + "/fields"
		fields := o.Doc.Fields
		if len(o.Doc.RecordTypes) > 0 {
			fields = withRecordType(o.Doc)
		}
		o.Fields = append(o.Fields, b.bindFields(o, fields, pointer, func(name string) bool {
			_, taken := o.byName[name]
			_, described := o.Doc.Fields[name]
			return taken || name == recordTypeField && described && len(o.Doc.RecordTypes) > 0
		})...)
		for _, f := range o.Fields {
			o.byName[f.Name] = f
		}
		o.names = byName(o.byName)
	}
}

func (b *builder) addSystemFields(o *Object) {
	for _, s := range systemFields {
		made := b.system[s.column.Name]
		switch {
		case s.column == query.ID && o.former != nil:
			made = o.former.byName[s.column.Name]
		case s.column == query.ID:
			made = b.bindSystem(s, o.Doc.Name, `{"type":"lookup","object":"`+o.Doc.Name+`"}`)
		case made == nil:
			made = b.bindSystem(s, "user", s.settings)
			b.system[s.column.Name] = made
		}
		f := &Field{Name: made.Name, Doc: made.Doc, Value: made.Value, Column: made.Column, System: true}
		o.Fields = append(o.Fields, f)
		o.byName[f.Name] = f
	}
}

// bindSystem makes a system field that refers to target, if it is a lookup.
func (b *builder) bindSystem(s systemField, target, settings string) *Field {
	doc := &metadata.Field{Type: s.kind, Label: s.label, ReadOnly: s.column != query.Owner, Settings: json.RawMessage(settings)}
	kind, ok := b.types.Type(s.kind)
	if !ok {
		panic("catalog: the field type " + s.kind + " must be registered")
	}
	value, problems := kind.Bind(s.column.Name, doc, everyTarget{b, target})
	if len(problems) > 0 {
		panic("catalog: the system field " + s.column.Name + ": " + problems[0].Error())
	}
	return &Field{Name: s.column.Name, Doc: doc, Value: value, Column: s.column}
}

// withRecordType adds the picklist of an object's record types to its fields.
func withRecordType(doc *metadata.Object) map[string]*metadata.Field {
	options := map[string]*metadata.Option{}
	for name, t := range doc.RecordTypes {
		options[name] = &metadata.Option{Label: t.Label, Order: t.Order}
	}
	label := metadata.Text{"en": "Record type", "zh": "记录类型"}
	// Marshalling maps and texts can't fail.
	said := map[string]any{"type": "picklist", "options": options, "label": label}
	made := &metadata.Field{Type: "picklist", Label: label, Order: -1}
	if c := doc.RecordType; c != nil {
		if c.Required {
			made.Required, said["required"] = &metadata.Condition{Always: true}, true
		}
		if c.Default != "" {
			made.Default, _ = json.Marshal(c.Default)
			said["default"] = c.Default
		}
	}
	made.Settings, _ = json.Marshal(said)
	fields := map[string]*metadata.Field{}
	for name, f := range doc.Fields {
		fields[name] = f
	}
	fields[recordTypeField] = made
	return fields
}

// bindFields binds fields described by documents, ordered by order, then name.
// Fields that can't be bound are reported and left out.
func (b *builder) bindFields(o *Object, docs map[string]*metadata.Field, pointer string, reserved func(name string) bool) []*Field {
	if !b.countFields(len(docs), pointer) {
		return nil
	}
	owner := o.Doc.Name
	var fields []*Field
	for _, name := range byName(docs) {
		doc, at := docs[name], pointer+step(name)
		if reserved(name) {
			b.report(fault.New(fault.Invalid, "catalog.reserved_name", "name", name), at)
			continue
		}
		f := b.bindField(o, name, doc, at)
		if f == nil {
			b.broken[owner+"."+name] = true
			continue
		}
		if _, computed := f.Value.(fieldtype.Computes); !computed {
			f.Column = columnOf(name, f.Value) // a formula's is known when it is compiled
			f.makeParts()
		}
		if nests, ok := f.Value.(fieldtype.Nests); ok {
			f.Rows = b.bindRows(nests, owner+"."+name)
		}
		fields = append(fields, f)
	}
	slices.SortStableFunc(fields, func(a, b *Field) int { return a.Doc.Order - b.Doc.Order })
	return fields
}

// bindField makes a field with its value, which it takes over if nothing has changed that
// the value is made of. nil: it was reported that there can be none.
func (b *builder) bindField(o *Object, name string, doc *metadata.Field, at string) *Field {
	if o.former != nil {
		if had := o.former.byName[name]; had != nil && !had.System {
			b.takePatterns(had.patterns, at)
			return &Field{Name: name, Doc: had.Doc, Value: had.Value, patterns: had.patterns}
		}
	}
	kind, ok := b.types.Type(doc.Type)
	if !ok {
		b.unknownType(doc.Type, at+"/type")
		return nil
	}
	b.bound, b.asked = at, nil
	value, problems := kind.Bind(name, doc, b)
	for _, problem := range problems {
		b.report(problem, at)
	}
	if len(problems) > 0 {
		return nil
	}
	return &Field{Name: name, Doc: doc, Value: value, patterns: b.asked}
}

func (b *builder) unknownType(name, pointer string) {
	if near, ok := b.types.Meant(name); ok {
		b.report(fault.New(fault.Invalid, "catalog.unknown_type_near", "type", name, "suggestion", near), pointer)
		return
	}
	b.report(fault.New(fault.Invalid, "catalog.unknown_type", "type", name), pointer)
}

// bindRows makes the fields of child rows, whose values the type has bound.
func (b *builder) bindRows(nests fieldtype.Nests, name string) *Rows {
	r := &Rows{Name: name, byName: map[string]*Field{}}
	nested := nests.Fields()
	b.countFields(len(nested), b.bound)
	for _, n := range byName(nested) {
		f := &Field{Name: n, Doc: nested[n].Field, Value: nested[n].Value}
		if inner, ok := f.Value.(fieldtype.Nests); ok {
			f.Rows = b.bindRows(inner, name+"."+n)
		}
		r.Fields = append(r.Fields, f)
		r.byName[n] = f
		r.names = append(r.names, n)
	}
	slices.SortStableFunc(r.Fields, func(a, b *Field) int { return a.Doc.Order - b.Doc.Order })
	return r
}

// columnOf is the column of a field by the naming rule: the storage, the scale of a
// scaled value and the form of one that has its own are part of its name.
func columnOf(name string, v fieldtype.Value) query.Column {
	storage := v.Storage()
	if storage == fieldtype.None {
		return query.Column{}
	}
	column := name + ":" + storage.Tag()
	if scaled, ok := v.(fieldtype.Scaled); ok && storage == fieldtype.Int {
		column += strconv.Itoa(scaled.Scale())
	}
	if form := formOf(v); form != "" {
		column += ":" + form
	}
	return query.Column{Name: column, Storage: storage}
}

// formOf is the form of a value that has its own, else "".
func formOf(v fieldtype.Value) string {
	if formed, ok := v.(fieldtype.Formed); ok {
		return formed.Form()
	}
	return ""
}

// keyColumn is the column of a text field's folded value.
func keyColumn(f *Field) query.Column {
	return query.Column{Name: f.Name + ":k", Storage: fieldtype.Text}
}

// folds reports whether a field is a stored text that is compared folded.
func folds(f *Field) bool {
	_, ok := f.Value.(fieldtype.Folds)
	return ok && f.Column.Storage == fieldtype.Text
}

// addKey makes sure that a text field has a folded key.
func addKey(f *Field) {
	if folds(f) && !f.System {
		f.Key = keyColumn(f)
	}
}

// addExact makes sure that a text field has a column for keys that tell case apart.
func addExact(f *Field) {
	if folds(f) && !f.System {
		f.Exact = query.Column{Name: f.Name + ":e", Storage: fieldtype.Text}
	}
}

// linkReferences joins references with the objects they lead to.
func (b *builder) linkReferences() {
	for _, o := range b.objects {
		for _, f := range o.Fields {
			b.link(o, f)
		}
	}
	for _, o := range b.objects {
		slices.SortStableFunc(o.Inbound, func(a, b *Inbound) int {
			return strings.Compare(a.From.Doc.Name+"."+a.Field.Name, b.From.Doc.Name+"."+b.Field.Name)
		})
		b.linkRows(o)
	}
}

func (b *builder) link(o *Object, f *Field) {
	refers, ok := f.Value.(fieldtype.Refers)
	if !ok || f.Name == query.ID.Name {
		return
	}
	targets := refers.Targets()
	for _, name := range targets {
		target := b.s.Objects[name]
		if target == nil { // a user where there is no such object, or one that is itself broken
			b.broken[o.Doc.Name+"."+f.Name] = !f.System
			continue
		}
		if len(targets) == 1 {
			f.Target = target
		}
		if f.System && f.Name != query.Owner.Name {
			continue // who made or changed a record may go: it then reads as empty
		}
		target.Inbound = append(target.Inbound, &Inbound{From: o, Field: f, OnDelete: refers.OnDelete()})
	}
}

// linkRows joins the references in child rows with their objects, for paths. A
// record that a row refers to may be deleted: the reference then reads as empty.
func (b *builder) linkRows(o *Object) {
	eachRows(o, func(r *Rows, _ string) {
		for _, f := range r.Fields {
			if refers, ok := f.Value.(fieldtype.Refers); ok && len(refers.Targets()) == 1 {
				f.Target = b.s.Objects[refers.Targets()[0]]
			}
		}
	})
}
