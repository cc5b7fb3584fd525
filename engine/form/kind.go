// Package form is forms: pages by which people without an account make records, as documents of the kind "form", and what is sent by them.
package form

import (
	_ "embed" // the schema
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/record/draft"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// KindName is what the documents say as their "kind".
const KindName = "form"

// Definition is a document of a form.
type Definition struct {
	metadata.Head
	Object  string                     `json:"object"`
	Open    *bool                      `json:"open"`
	Text    metadata.Text              `json:"text"`
	Fields  []Asked                    `json:"fields"`
	Steps   []Step                     `json:"steps"`
	Values  map[string]json.RawMessage `json:"values"`
	Consent *Consent                   `json:"consent"`
	// Duplicates is thank where people are thanked whose record is there already; "" and refuse: it could not be taken.
	Duplicates string        `json:"duplicates"`
	Thanks     metadata.Text `json:"thanks"`
	Redirect   string        `json:"redirect"`
	Theme      *Theme        `json:"theme"`
	Embed      []string      `json:"embed"`
}

// Step is a page of a form.
type Step struct {
	Name        string        `json:"name"`
	Label       metadata.Text `json:"label"`
	VisibleWhen string        `json:"visible_when"`
}

// Theme is how a form looks, for who has no settings of their own.
type Theme struct {
	Accent string `json:"accent,omitempty"` // #rrggbb; absent: that of the workspace
	Scheme string `json:"scheme,omitempty"` // system, light or dark; absent: system
}

// Asked is a field that is asked, or the field set of the object of which all are.
type Asked struct {
	Field    string        `json:"field"`
	FieldSet string        `json:"field_set"`
	Label    metadata.Text `json:"label"`
	Help     metadata.Text `json:"help"`
	Required bool          `json:"required"`
	// VisibleWhen is a condition on what is asked before it.
	VisibleWhen string `json:"visible_when"`
	Step        string `json:"step"` // on which it is asked; "": on the first
}

// Consent is what people agree to, and where that is written.
type Consent struct {
	Text    metadata.Text `json:"text"`
	Field   string        `json:"field"`
	Version string        `json:"version"` // "": it is made of the text
	Wording string        `json:"wording"` // the field that gets what people agreed to; "": it is not kept
}

// Form is a definition compiled. Immutable.
type Form struct {
	Doc     *Definition
	Object  *catalog.Object
	Inputs  []*catalog.Field // what is asked, in this order, as people are shown it: fields of no object, under the names of the object's
	Pages   []Page           // at least one
	Values  map[string]any   // what the record gets besides, in stored form
	Consent *catalog.Field   // nil: none is asked for
	Wording *catalog.Field   // that gets what people agreed to; nil: it is not kept
	shown   map[string]*expression.Program
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

// compiling is a form that is being compiled.
type compiling struct {
	*catalog.Compiling
	f     *Form
	at    string
	given map[string]bool // the fields that the record gets a value of
}

func compile(c *catalog.Compiling, d *Definition, at string) *Form {
	o := c.Object(d.Object, at+"/object")
	if o == nil {
		return nil
	}
	f := compiling{c, &Form{Doc: d, Object: o, Values: map[string]any{}, shown: map[string]*expression.Program{}}, at, map[string]bool{}}
	f.pages()
	f.values()
	f.consent()
	for i, origin := range d.Embed {
		if !catalog.IsOrigin(origin) {
			c.Report(fault.New(fault.Invalid, "catalog.bad_origin", "url", origin), fmt.Sprint(at, "/embed/", i))
		}
	}
	return f.f
}

// once finds a field that the record gets a value of, which it does once; silent: nobody is asked for it.
func (c *compiling) once(name, at string, silent bool) *catalog.Field {
	field := c.Field(c.f.Object, name, at)
	switch {
	case field == nil:
		return nil
	case !field.Settable() || field.System && (!silent || field.Name != query.Owner.Name) || field.Doc.ReadOnly && !silent:
		c.Report(fault.New(fault.Invalid, "form.not_written", "field", name), at)
		return nil
	case c.given[name]:
		c.Report(fault.New(fault.Invalid, "form.twice", "field", name), at)
		return nil
	}
	c.given[name] = true
	return field
}

// pages compiles what is asked, page by page: a condition reads what is asked before it.
func (c *compiling) pages() {
	d := c.f.Doc
	steps := d.Steps
	if len(steps) == 0 {
		steps = []Step{{}}
	}
	known := map[string]bool{"": true}
	for i, step := range steps {
		at := fmt.Sprint(c.at, "/steps/", i)
		if known[step.Name] && len(d.Steps) > 0 {
			c.Report(fault.New(fault.Invalid, "form.step_twice", "step", step.Name), at+"/name")
		}
		known[step.Name] = true
		page := Page{Step: step, when: c.when(step.VisibleWhen, at+"/visible_when")}
		begins := len(c.f.Inputs)
		for n := range d.Fields {
			if asked := &d.Fields[n]; asked.Step == step.Name || asked.Step == "" && i == 0 {
				c.ask(asked, fmt.Sprint(c.at, "/fields/", n))
			}
		}
		page.Inputs = c.f.Inputs[begins:len(c.f.Inputs):len(c.f.Inputs)]
		c.f.Pages = append(c.f.Pages, page)
	}
	for n := range d.Fields {
		if name := d.Fields[n].Step; !known[name] {
			c.Report(fault.New(fault.Invalid, "form.no_step", "step", name), fmt.Sprint(c.at, "/fields/", n, "/step"))
		}
	}
}

// ask compiles a field that is asked, or all of a field set.
func (c *compiling) ask(asked *Asked, at string) {
	if asked.FieldSet == "" {
		c.askFor(asked, at, "/field")
		return
	}
	for _, name := range c.FieldSet(c.f.Object, asked.FieldSet, at+"/field_set") {
		c.askFor(&Asked{Field: name}, at, "/field_set")
	}
}

func (c *compiling) askFor(asked *Asked, at, named string) {
	field := c.once(asked.Field, at+named, false)
	if field == nil {
		return
	}
	when := c.when(asked.VisibleWhen, at+"/visible_when")
	input := c.Entered(asked.Field, asked.of(c.Compiling, field), at)
	switch {
	case input == nil:
	case input.Target != nil: // who may read the records that there are to choose from?
		c.Report(fault.New(fault.Invalid, "catalog.not_entered", "type", field.Doc.Type), at+named)
	default:
		c.f.Inputs = append(c.f.Inputs, input)
		if when != nil {
			c.f.shown[input.Name] = when
		}
	}
}

// values compiles what the record gets besides.
func (c *compiling) values() {
	for _, name := range slices.Sorted(maps.Keys(c.f.Doc.Values)) {
		at := c.at + "/values/" + name
		field := c.once(name, at, true)
		if field == nil {
			continue
		}
		value, err := draft.Decode(c.f.Doc.Values[name])
		if err != nil {
			continue // it was read before
		}
		stored, problem := field.Value.Coerce(value)
		if problem != nil {
			c.Report(problem, at)
			continue
		}
		c.f.Values[name] = stored
	}
}

// consent compiles where it is written that people agreed, and to what.
func (c *compiling) consent() {
	d := c.f.Doc.Consent
	if d == nil {
		return
	}
	at := c.at + "/consent/field"
	if c.f.Consent = c.once(d.Field, at, true); c.f.Consent != nil && !slices.Contains([]fieldtype.Kind{fieldtype.BoolKind, fieldtype.DateKind, fieldtype.DatetimeKind}, c.f.Consent.Value.Kind()) {
		c.Report(fault.New(fault.Invalid, "form.no_consent_field", "field", d.Field), at)
	}
	if d.Wording == "" {
		return
	}
	at = c.at + "/consent/wording"
	if c.f.Wording = c.once(d.Wording, at, true); c.f.Wording != nil && c.f.Wording.Doc.Type != "long_text" {
		c.Report(fault.New(fault.Invalid, "form.no_wording_field", "field", d.Wording), at)
	}
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
	is := func(one *catalog.Field) bool { return one != nil && one.Name == field }
	return given || is(f.Consent) || is(f.Wording) || f.asks(field)
}

// asks reports whether people are asked for a field.
func (f *Form) asks(field string) bool {
	return slices.ContainsFunc(f.Inputs, func(in *catalog.Field) bool { return in.Name == field })
}
