package fieldtype

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// optionSettings say where a field's options come from: one of three places.
type optionSettings struct {
	Options   map[string]*metadata.Option `json:"options"`
	Picklist  string                      `json:"picklist"`
	Documents string                      `json:"documents"`
	DependsOn string                      `json:"depends_on"`
	// Restricted: no other values than the options are taken; yes when absent.
	Restricted *bool `json:"restricted"`
}

// maxUnlisted is the longest value, in characters, that no option names.
const maxUnlisted = 255

// Restricted reports whether all values of a choice are names of its options.
func Restricted(v Value) bool {
	open, ok := v.(Unrestricted)
	return !ok || !open.Unrestricted()
}

// OptionsInOrder are the names of the options of a choice, in order.
func OptionsInOrder(c Chooses) []string {
	options := c.Options()
	names := make([]string, 0, len(options))
	for name := range options {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(options[a].Order, options[b].Order), cmp.Compare(a, b))
	})
	return names
}

// DocumentKinds are the kinds whose documents' names may be options.
func DocumentKinds() []string { return []string{"role", "permission"} }

func optionSchema() map[string]any {
	documents := setting("string", "Documents", "A kind of documents whose names are the options.", nil)
	documents["enum"] = list(DocumentKinds())
	return map[string]any{
		"options":    map[string]any{"$ref": "#/$defs/options"},
		"picklist":   nameSetting("Picklist", "The shared picklist that the options come from, instead of own ones.", "industry"),
		"documents":  documents,
		"restricted": map[string]any{"type": "boolean", "default": true, "title": "Restricted", "description": "No other values than the options are taken. If not, any line of at most 255 characters is."},
		"depends_on": nameSetting("Depends on", "The field whose value decides which options are offered (see an option's \"for\").", "country"),
	}
}

// shownOptions are the settings that are shown to those who may read the field.
var shownOptions = metadata.AllOf("picklist", "documents", "depends_on", "restricted").And(metadata.Members{"options": metadata.Options})

const maxOptions = 1000

const optionSample = `{"options":{"a":{}}}`

// choices are the options of a field, with what finds one by what people write.
type choices struct {
	options map[string]*metadata.Option
	byLabel map[string]string // folded label, alias or name -> name; "" where two options share it
	names   []string          // by order, then name
	depends string
	open    bool // values that no option names are taken, too
}

func bindChoices(f *metadata.Field, in Context) (*choices, []*fault.Fault) {
	s, problems := settings[optionSettings](f)
	if problems != nil {
		return nil, problems
	}
	sources := 0
	for _, given := range []bool{s.Options != nil, s.Picklist != "", s.Documents != ""} {
		if given {
			sources++
		}
	}
	if sources != 1 {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "metadata.one_source_of_options")}
	}
	options := s.Options
	if s.Picklist != "" {
		shared, ok := in.Options(s.Picklist)
		if !ok {
			return nil, []*fault.Fault{missing("picklist", s.Picklist, in.Names("picklist")).At("/picklist")}
		}
		options = shared
	}
	if s.Documents != "" {
		options = map[string]*metadata.Option{}
		for _, name := range in.Names(s.Documents) {
			options[name] = &metadata.Option{}
		}
	}
	for name, option := range options {
		at := "/options/" + metadata.EscapePointer(name)
		switch {
		case option == nil:
			problems = append(problems, fault.New(fault.Invalid, "metadata.null").At(at))
		case option.For != nil && s.Options != nil && s.DependsOn == "":
			problems = append(problems, fault.New(fault.Invalid, "metadata.depends_on_nothing").At(at+"/for"))
		}
	}
	if len(options) > maxOptions && s.Documents == "" {
		problems = append(problems, fault.New(fault.Invalid, "metadata.too_many_options", "max", maxOptions))
	}
	open := s.Restricted != nil && !*s.Restricted
	if open && s.Documents != "" {
		problems = append(problems, fault.New(fault.Invalid, "metadata.documents_restricted").At("/restricted"))
	}
	if problems != nil {
		return nil, problems
	}
	c := newChoices(options, s.DependsOn)
	c.open = open
	return c, nil
}

func newChoices(options map[string]*metadata.Option, depends string) *choices {
	c := &choices{options: options, byLabel: map[string]string{}, depends: depends}
	for name := range options {
		c.names = append(c.names, name)
	}
	sort.Slice(c.names, func(i, j int) bool {
		a, b := c.names[i], c.names[j]
		if x, y := options[a].Order, options[b].Order; x != y {
			return x < y
		}
		return a < b
	})
	for _, name := range c.names {
		for _, label := range options[name].Label {
			c.callAlso(name, label)
		}
		for _, alias := range options[name].Aliases {
			c.callAlso(name, alias)
		}
	}
	for _, name := range c.names { // a name wins against another's label
		c.byLabel[name] = name
	}
	return c
}

// callAlso has an option found by what people or another system call it.
func (c *choices) callAlso(name, called string) {
	folded := Fold(called)
	if other, taken := c.byLabel[folded]; taken && other != name {
		c.byLabel[folded] = ""
	} else {
		c.byLabel[folded] = name
	}
}

// Unrestricted implements Unrestricted.
func (c *choices) Unrestricted() bool { return c.open }

// Options are the choices by name.
func (c *choices) Options() map[string]*metadata.Option { return c.options }

// DependsOn is the field that limits the choices, or "".
func (c *choices) DependsOn() string { return c.depends }

// find reads one choice: an option's name or, whatever the case, its label or an alias;
// if the choice is open, another value as it is.
// "" with no problem is the empty value.
func (c *choices) find(in any) (string, *fault.Fault) {
	s, problem := line(in, maxText)
	if problem != nil || s == "" {
		return "", problem
	}
	option, ok := c.options[s]
	if !ok {
		if name := c.byLabel[Fold(s)]; name != "" {
			s, option, ok = name, c.options[name], true
		}
	}
	if !ok && c.open {
		return s, tooLong(s, maxUnlisted)
	}
	if !ok {
		return "", c.unknown(s)
	}
	if option.Active != nil && !*option.Active {
		return "", fault.New(fault.Invalid, "field.option_inactive", "value", s)
	}
	return s, nil
}

func (c *choices) unknown(s string) *fault.Fault {
	const shown = 12
	var names []string
	for _, name := range c.names {
		if active := c.options[name].Active; active == nil || *active {
			names = append(names, name)
		}
	}
	suggestion, ok := metadata.Nearest(s, names)
	listed := strings.Join(names[:min(shown, len(names))], ", ")
	if len(names) > shown {
		listed += ", …"
	}
	problem := fault.New(fault.Invalid, "field.not_an_option", "value", show(s), "options", listed)
	if ok {
		problem.Params["suggestion"] = suggestion
	}
	return problem
}

func (c *choices) schema() map[string]any {
	if c.open {
		return map[string]any{"type": "string", "maxLength": maxUnlisted}
	}
	return map[string]any{"type": "string", "enum": list(c.names)}
}

// missing is the problem of a setting that names what does not exist.
func missing(kind, name string, among []string) *fault.Fault {
	if suggestion, ok := metadata.Nearest(name, among); ok {
		return fault.New(fault.Invalid, "metadata.unknown_name_near", "kind", kind, "name", show(name), "suggestion", suggestion)
	}
	return fault.New(fault.Invalid, "metadata.unknown_name", "kind", kind, "name", show(name))
}
