// Package form is forms: pages by which people without an account make records, as documents of the kind "form", and what is sent by them.
package form

import (
	_ "embed" // the schema
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/record/draft"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// KindName is what the documents say as their "kind".
const KindName = "form"

// Definition is a document of a form.
type Definition struct {
	metadata.Head
	Object   string                     `json:"object"`
	Open     *bool                      `json:"open"`
	Text     metadata.Text              `json:"text"`
	Fields   []Asked                    `json:"fields"`
	Values   map[string]json.RawMessage `json:"values"`
	Consent  *Consent                   `json:"consent"`
	Thanks   metadata.Text              `json:"thanks"`
	Redirect string                     `json:"redirect"`
}

// Asked is a field that is asked, or the field set of the object of which all are.
type Asked struct {
	Field    string        `json:"field"`
	FieldSet string        `json:"field_set"`
	Label    metadata.Text `json:"label"`
	Help     metadata.Text `json:"help"`
	Required bool          `json:"required"`
}

// Consent is what people agree to, and where that is written.
type Consent struct {
	Text  metadata.Text `json:"text"`
	Field string        `json:"field"`
}

// Form is a definition compiled. Immutable.
type Form struct {
	Doc     *Definition
	Object  *catalog.Object
	Inputs  []*catalog.Field // what is asked, as people are shown it: fields of no object, under the names of the object's
	Values  map[string]any   // what the record gets besides, in stored form
	Consent *catalog.Field   // nil: none is asked for
}

// Open reports whether people may fill it in.
func (f *Form) Open() bool { return f.Doc.Open == nil || *f.Doc.Open }

// Of are the forms of a configuration, by name.
func Of(s *catalog.Snapshot) map[string]*Form { return catalog.Of[map[string]*Form](s, KindName) }

//go:embed form.json
var schemaFile []byte

// Kind is the kind of documents.
func Kind() catalog.Kind { return kind{} }

type kind struct{ catalog.Documents[Definition] }

func (kind) Name() string            { return KindName }
func (kind) Schema() json.RawMessage { return schemaFile }
func (kind) Needs() []string         { return []string{"object", "picklist", "constant", "setting"} }

// Trusted implements catalog.Trusted: whoever has the address of a form writes what it lets them, whatever rights there are.
func (kind) Trusted() {}

// AlsoCalled are the names that other systems have for the kind.
func (kind) AlsoCalled() []string { return []string{"web_form", "web_to_lead", "web_to_case"} }

func (kind) Compile(c *catalog.Compiling) any {
	return catalog.EachOf(c, Of, func(d *Definition, at string) *Form { return compile(c, d, at) })
}

func compile(c *catalog.Compiling, d *Definition, at string) *Form {
	o := c.Object(d.Object, at+"/object")
	if o == nil {
		return nil
	}
	f := &Form{Doc: d, Object: o, Values: map[string]any{}}
	given := map[string]bool{}
	once := func(name, at string, silent bool) *catalog.Field {
		field := c.Field(o, name, at)
		switch {
		case field == nil:
			return nil
		case !field.Settable() || field.System || field.Doc.ReadOnly && !silent:
			c.Report(fault.New(fault.Invalid, "form.not_written", "field", name), at)
			return nil
		case given[name]:
			c.Report(fault.New(fault.Invalid, "form.twice", "field", name), at)
			return nil
		}
		given[name] = true
		return field
	}
	ask := func(asked *Asked, at, named string) {
		if field := once(asked.Field, at+named, false); field != nil {
			if input := c.Entered(asked.Field, asked.of(c, field), at); input != nil && input.Target == nil {
				f.Inputs = append(f.Inputs, input)
			} else if input != nil { // who may read the records that there are to choose from?
				c.Report(fault.New(fault.Invalid, "catalog.not_entered", "type", field.Doc.Type), at+named)
			}
		}
	}
	for i := range d.Fields {
		at := fmt.Sprint(at, "/fields/", i)
		if d.Fields[i].FieldSet == "" {
			ask(&d.Fields[i], at, "/field")
			continue
		}
		for _, name := range c.FieldSet(o, d.Fields[i].FieldSet, at+"/field_set") {
			ask(&Asked{Field: name}, at, "/field_set")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Values)) {
		at := at + "/values/" + name
		field := once(name, at, true)
		if field == nil {
			continue
		}
		value, err := draft.Decode(d.Values[name])
		if err != nil {
			continue // it was read before
		}
		stored, problem := field.Value.Coerce(value)
		if problem != nil {
			c.Report(problem, at)
			continue
		}
		f.Values[name] = stored
	}
	if d.Consent != nil {
		at := at + "/consent/field"
		if f.Consent = once(d.Consent.Field, at, true); f.Consent != nil && !slices.Contains([]fieldtype.Kind{fieldtype.BoolKind, fieldtype.DateKind, fieldtype.DatetimeKind}, f.Consent.Value.Kind()) {
			c.Report(fault.New(fault.Invalid, "form.no_consent_field", "field", d.Consent.Field), at)
		}
	}
	return f
}

// asObjects are members of a field that say something of the object's records, and nothing of what is filled in.
var asObjects = []string{"default", "default_expr", "visible_when", "mask", "unique", "case_sensitive", "indexed", "read_only", "required", "description", "order",
	"choose_when", "depends_on", "picklist", "options"}

// of describes what is asked, as the field is described. Options that fields share stand in it, for who fills it in is shown no other document.
func (a *Asked) of(c *catalog.Compiling, field *catalog.Field) *metadata.Field {
	members := map[string]any{}
	var said map[string]json.RawMessage
	if err := json.Unmarshal(field.Doc.Settings, &said); err != nil {
		panic(fmt.Errorf("describing what a form asks: %w", err)) // it was read before
	}
	for name, raw := range said {
		if !slices.Contains(asObjects, name) {
			members[name] = raw
		}
	}
	if choice, ok := field.Value.(fieldtype.Chooses); ok {
		members["options"] = offered(choice)
	}
	if a.Required || field.Doc.Required != nil && field.Doc.Required.Always {
		members["required"] = true
	}
	if len(a.Label) > 0 {
		members["label"] = a.Label
	}
	if len(a.Help) > 0 {
		members["help"] = a.Help
	}
	asked := &metadata.Field{}
	raw, err := json.Marshal(members)
	if err == nil {
		err = json.Unmarshal(raw, asked)
	}
	if err != nil {
		panic(fmt.Errorf("describing what a form asks: %w", err)) // it was read before
	}
	return asked
}

// offered are the options that there are to choose from, as people are shown them.
func offered(choice fieldtype.Chooses) map[string]*metadata.Option {
	options := map[string]*metadata.Option{}
	for name, o := range choice.Options() {
		if o.Active == nil || *o.Active {
			options[name] = &metadata.Option{Label: o.Label, Color: o.Color, Order: o.Order}
		}
	}
	return options
}

// Warnings implements catalog.Warns: a form that leaves out what records must have is filled in in vain.
func (kind) Warnings(s *catalog.Snapshot) (warnings []*fault.Fault) {
	all := Of(s)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f := all[name]
		for _, field := range f.Object.Fields {
			if field.System || field.Doc.Required == nil || !field.Doc.Required.Always || field.Initial != nil || field.Doc.DefaultExpr != "" || !field.Settable() || f.gives(field.Name) {
				continue
			}
			warnings = append(warnings, fault.New(fault.Invalid, "form.not_asked", "field", field.Name).At("/"+KindName+"/"+name+"/fields"))
		}
	}
	return warnings
}

// gives reports whether the record gets a value of a field by the form.
func (f *Form) gives(field string) bool {
	_, given := f.Values[field]
	return given || f.Consent != nil && f.Consent.Name == field || f.asks(field)
}

// asks reports whether people are asked for a field.
func (f *Form) asks(field string) bool {
	return slices.ContainsFunc(f.Inputs, func(in *catalog.Field) bool { return in.Name == field })
}
