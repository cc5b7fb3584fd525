package workflows

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"formwork/engine/calendar"
	"formwork/engine/catalog"
	"formwork/engine/connection"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/form"
	"formwork/engine/mail"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/template"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Compiling is what the settings of a step or trigger are compiled with. Pointers are within the
// step or trigger.
type Compiling struct {
	c       *catalog.Compiling
	k       *compilation
	at      string // of the step or trigger
	object  *catalog.Object
	old     bool
	results map[string]expression.Names // of the steps before, by "steps.<name>"
	result  Result
	user    *bool     // set once an expression reads the user
	calls   *[]call   // of other workflows
	never   *[]string // is given the pointers of conditions that never hold; nil: nobody asks
}

// Object is that of the record which a run is about; nil: of none.
func (c *Compiling) Object() *catalog.Object { return c.object }

// NeedsObject reports a workflow that is about no record.
func (c *Compiling) NeedsObject() bool {
	if c.object == nil {
		c.Report(fault.New(fault.Invalid, "workflow.needs_object"), "/type")
	}
	return c.object != nil
}

// Find finds an object, or reports that there is none.
func (c *Compiling) Find(name, at string) *catalog.Object { return c.c.Object(name, c.at+at) }

// Written finds an object whose records are written by steps. The configuration writes its own.
func (c *Compiling) Written(name, at string) *catalog.Object {
	o := c.Find(name, at)
	if o != nil && o.Doc.Configuration {
		c.Report(fault.New(fault.Invalid, "workflow.configuration", "object", name), at)
		return nil
	}
	return o
}

// Field finds a field of an object, or reports that there is none.
func (c *Compiling) Field(o *catalog.Object, name, at string) *catalog.Field {
	return c.c.Field(o, name, c.at+at)
}

// Owner is who owns the record that a run is about; nil where nobody does.
func (c *Compiling) Owner() *expression.Program {
	if c.object == nil {
		return nil
	}
	if _, owned := c.object.Field(query.Owner.Name); !owned {
		return nil
	}
	return c.Expression(query.Owner.Name, fieldtype.ReferenceKind, -1, "")
}

// UserField finds a field of an object that may be given a user, or reports that it is none.
func (c *Compiling) UserField(o *catalog.Object, name, at string) *catalog.Field {
	f := c.Field(o, name, at)
	if f == nil {
		return nil
	}
	refers, ok := f.Value.(fieldtype.Refers)
	if !ok || !f.Settable() || f.Column.Storage != fieldtype.Int || !slices.Equal(refers.Targets(), []string{session.UserObject}) {
		c.Report(fault.New(fault.Invalid, "workflow.no_user_field", "field", name), at)
		return nil
	}
	return f
}

// Report tells a problem.
func (c *Compiling) Report(problem *fault.Fault, at string) { c.c.Report(problem, c.at+at) }

// Offer says what the step offers to later ones.
func (c *Compiling) Offer(symbols ...expression.Symbol) { c.result = symbols }

// withProblem is what the step offers and why it failed, which is told in the language of whoever set off the workflow.
func (c *Compiling) withProblem() Result {
	if _, taken := c.result.Symbol(problemName); taken {
		c.Report(fault.New(fault.Invalid, "catalog.reserved_name", "name", problemName), failedAt)
	}
	*c.user = true
	return append(slices.Clone(c.result), Offered(problemName, fieldtype.Lines(maxProblem)))
}

// scope is what expressions may read.
func (c *Compiling) scope(result fieldtype.Kind, scale int) expression.Scope {
	s := expression.Scope{User: c.c.User(), Old: c.old, Roots: c.results, Result: result, Scale: scale}
	if c.object != nil {
		s.Record, s.Draft = c.object, c.object
	}
	return s
}

// Condition compiles a yes-or-no expression.
func (c *Compiling) Condition(source, at string) *expression.Program {
	return c.held(c.Expression(source, fieldtype.BoolKind, -1, at), at)
}

// Expression compiles one that results in a kind of value; scale is that of a number, -1 for any.
func (c *Compiling) Expression(source string, result fieldtype.Kind, scale int, at string) *expression.Program {
	return c.noted(c.c.Expression(source, c.scope(result, scale), c.at+at))
}

// noted notes whether a program reads the user.
func (c *Compiling) noted(p *expression.Program) *expression.Program {
	if p != nil && (p.UsesUser() || p.UsesClock()) {
		*c.user = true
	}
	return p
}

// Record compiles an expression that leads to a record of an object, or may lead to one; nil where it leads to others.
func (c *Compiling) Record(o *catalog.Object, source, at string) *expression.Program {
	p := c.Expression(source, fieldtype.ReferenceKind, -1, at)
	if p != nil && !p.Becomes(fieldtype.Reference(o.Doc.Name)) && !p.Becomes(fieldtype.AnyReference(o.Doc.Name)) {
		c.Report(fault.New(fault.Invalid, "workflow.other_object", "object", o.Doc.Name), at)
		return nil
	}
	return p
}

// Filter compiles a condition on records of an object that runs in the database. The record that the
// run is about is record in it; what else it reads are values.
func (c *Compiling) Filter(o *catalog.Object, source, at string) *expression.Program {
	scope := c.scope(fieldtype.BoolKind, -1)
	scope.Record, scope.Old, scope.Queryable = o, false, true
	return c.held(c.noted(c.c.Expression(source, scope, c.at+at)), at)
}

// Found compiles a condition on records of an object that runs in the database and reads nothing else.
func (c *Compiling) Found(o *catalog.Object, source, at string) *expression.Program {
	return c.held(c.c.Expression(source, expression.Scope{Record: o, Result: fieldtype.BoolKind, Scale: -1, Queryable: true}, c.at+at), at)
}

// Sort reads the keys of a sort, "-amount" or "account.name".
func (c *Compiling) Sort(o *catalog.Object, keys []string, at string) []query.Order {
	var sort []query.Order
	for _, k := range c.c.Sort(o, keys, c.at+at) {
		sort = append(sort, query.Order{Ref: k.Ref, Descending: k.Descending})
	}
	return sort
}

// Permission reports a permission set that is not there.
func (c *Compiling) Permission(name, at string) {
	if catalog.Permissions(c.c.Snapshot())[name] == nil {
		c.c.Unknown("permission", name, c.at+at)
	}
}

// Connection reports a connection that is not there, or speaks something else.
func (c *Compiling) Connection(name string, speaks connection.Protocol, at string) {
	connection.Demand(c.c, name, speaks, c.at+at)
}

// Mailbox finds one, or reports that there is none.
func (c *Compiling) Mailbox(name, at string) *mail.Mailbox {
	found := mail.Of(c.c.Snapshot())[name]
	if found == nil {
		c.c.Unknown(mail.KindName, name, c.at+at)
	}
	return found
}

// Template finds one for records of the run's object, or for none, or reports that there is none.
func (c *Compiling) Template(name, at string) *template.Template {
	found := template.Of(c.c.Snapshot())[name]
	switch {
	case found == nil:
		c.c.Unknown(template.KindName, name, c.at+at)
	case found.Doc.Object != "" && (c.object == nil || c.object.Doc.Name != found.Doc.Object):
		c.Report(fault.New(fault.Invalid, "mail.template_of", "template", name, "object", found.Doc.Object), at)
	case len(found.Doc.Subject) == 0:
		c.Report(fault.New(fault.Invalid, "template.no_message", "template", name), at)
	case found.ReadsUser:
		*c.user = true
	}
	return found
}

// Texts compiles a text in languages with expressions in it.
func (c *Compiling) Texts(of metadata.Text, at string) *template.Texts {
	texts := template.TextsOf(c.c, of, c.scope(fieldtype.AnyKind, -1), c.at+at)
	if texts.ReadsUser {
		*c.user = true
	}
	return texts
}

// Documents finds templates that print records of the run's object, or reports those that don't.
func (c *Compiling) Documents(names []string, at string) {
	for i, name := range names {
		c.Document(name, at+"/"+strconv.Itoa(i))
	}
}

// Document finds a template that prints records of the run's object, or reports one that doesn't.
func (c *Compiling) Document(name, at string) {
	switch found := template.Of(c.c.Snapshot())[name]; {
	case found == nil:
		c.c.Unknown(template.KindName, name, c.at+at)
	case !found.Prints():
		c.Report(fault.New(fault.Invalid, "template.no_document", "template", name), at)
	case c.object == nil || c.object.Doc.Name != found.Doc.Object:
		c.Report(fault.New(fault.Invalid, "mail.template_of", "template", name, "object", found.Doc.Object), at)
	}
}

// Calendar finds a calendar, or reports that there is none.
func (c *Compiling) Calendar(name, at string) *calendar.Calendar {
	found := calendar.Of(c.c.Snapshot())[name]
	if found == nil {
		c.c.Unknown(calendar.KindName, name, c.at+at)
	}
	return found
}

// Form finds a form, or reports that there is none.
func (c *Compiling) Form(name, at string) *form.Form {
	found := form.Of(c.c.Snapshot())[name]
	if found == nil {
		c.c.Unknown(form.KindName, name, c.at+at)
	}
	return found
}

// Inputs binds what people are asked to fill in, in its order.
func (c *Compiling) Inputs(docs map[string]*metadata.Field, at string) []Input {
	var inputs []Input
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		at := at + "/" + name
		f := c.c.Entered(name, docs[name], c.at+at)
		if f == nil {
			continue
		}
		input := Input{Field: f}
		if source := docs[name].DefaultExpr; source != "" {
			input.Default = c.c.Value(f, source, c.scope(fieldtype.AnyKind, -1), c.at+at+"/default_expr")
		}
		inputs = append(inputs, input)
	}
	slices.SortStableFunc(inputs, func(a, b Input) int { return cmp.Compare(a.Field.Doc.Order, b.Field.Doc.Order) })
	return inputs
}

// Reference is what a step offers that made or found a record of an object.
func Reference(name string, o *catalog.Object) expression.Symbol {
	return expression.Symbol{Name: name, Value: fieldtype.Reference(o.Doc.Name), Column: query.Column{Name: name, Storage: fieldtype.Int},
		Target: o, Table: o.Table.Name}
}

// Offered is what a step offers as a value.
func Offered(name string, v fieldtype.Value) expression.Symbol {
	return expression.Symbol{Name: name, Value: v, Column: query.Column{Name: name, Storage: v.Storage()}}
}

// Value is what a field is given.
type Value struct {
	Field   *catalog.Field
	Program *expression.Program
	of      string // of a field that refers to records of any object: whose records the program refers to by their ids; "": it says so itself
}

// Values compiles the expressions of what fields of an object are given. Those of fields that can't
// be written are reported.
func (c *Compiling) Values(o *catalog.Object, sources map[string]string, at string) []Value {
	values := make([]Value, 0, len(sources))
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		at := at + "/" + metadata.EscapePointer(name)
		f := c.Field(o, name, at)
		switch {
		case f == nil:
		case !f.Settable() || f.Value.Kind() == fieldtype.AnyKind:
			c.Report(fault.New(fault.Invalid, "workflow.not_written", "field", name), at)
		default:
			if v := c.value(f, sources[name], at); v.Program != nil {
				values = append(values, v)
			}
		}
	}
	return values
}

// value compiles the expression of what a field is given.
func (c *Compiling) value(f *catalog.Field, source, at string) Value {
	if f.Value.Kind() != fieldtype.ReferenceKind || f.Value.Storage() != fieldtype.Text {
		return Value{Field: f, Program: c.noted(c.c.Value(f, source, c.scope(fieldtype.AnyKind, -1), c.at+at))}
	}
	v := Value{Field: f, Program: c.Expression(source, fieldtype.ReferenceKind, -1, at)}
	if v.Program == nil || v.Program.Becomes(f.Value) {
		return v
	}
	if v.of = v.Program.Refers(); v.of == "" || !slices.Contains(f.Value.(fieldtype.Refers).Targets(), v.of) {
		c.Report(fault.New(fault.Invalid, "catalog.unfit", "field", f.Name), at)
	}
	return v
}

// Compile makes a workflow of a document, or reports what is wrong with it; nil where too little of it can be used to find more
// problems.
func (r *Registry) Compile(c *catalog.Compiling, d *Definition, at string) *Workflow {
	return r.compilation(c).compile(d, at)
}

func (r *Registry) compilation(c *catalog.Compiling) *compilation {
	return &compilation{types: r, c: c, heads: map[*Definition]*head{}}
}

func (k *compilation) compile(d *Definition, at string) *Workflow {
	h, c := k.headOf(d, at), k.c
	if h == nil {
		return nil
	}
	w := &Workflow{Doc: d, Object: h.object, Trigger: h.trigger, Nodes: make(map[string]*Node, len(d.Steps))}
	_, timed := w.Trigger.(OnTime)
	post, posted := w.Trigger.(OnPost)
	if w.byNobody() && w.AsUser() {
		c.Report(fault.New(fault.Invalid, "workflow.nobody"), at+"/run_as")
	}
	if posted {
		if w.Object != nil {
			c.Report(fault.New(fault.Invalid, "workflow.no_object"), at+"/object")
			return nil
		}
		w.inputs = post.Offers()
	}
	if t, ok := w.Trigger.(Asking); ok {
		for _, input := range t.Inputs() {
			w.inputs = append(w.inputs, input.Field.Symbol())
		}
	}
	base := Compiling{c: c, k: k, object: w.Object, old: w.Trigger.Old(), user: &w.ReadsUser, calls: &w.calls, never: &w.never}
	if d.When != "" {
		when := base
		when.at = at
		if len(w.inputs) > 0 && posted { // what people fill in they are asked for where it holds
			when.results = map[string]expression.Names{inputRoot: w.inputs}
		}
		if timed && w.Object != nil {
			w.Filter = when.Found(w.Object, d.When, "/when")
		} else {
			w.When = when.Condition(d.When, "/when")
		}
		w.holds, _ = alone(cmp.Or(w.When, w.Filter))
	}
	g, ok := k.types.graphOf(c, d, at)
	if !ok || !g.check(c, at) {
		return nil
	}
	k.compileSteps(w, g, base, at)
	if t, ok := w.Trigger.(OnCall); ok {
		of := base
		of.at, of.results = at+"/trigger", w.read(g.results(w.Nodes))
		w.answer = of.Computed(t.Answers(), "/answer")
	}
	w.Start = w.Nodes[d.Start]
	if _, composes := w.Trigger.(OnCompose); composes && !w.composes() {
		c.Report(fault.New(fault.Invalid, "workflow.composes_nothing"), at+"/start")
	}
	if posted && post.Answer() != nil {
		of := base
		of.at = at + "/trigger"
		of.results = w.read(g.results(w.Nodes))
		w.Reply = WrittenOf(&of, post.Answer(), "/answer")
	}
	return w
}

// composes reports whether the first step sends what somebody wrote; also where it is not compiled, which is reported.
func (w *Workflow) composes() bool {
	if w.Start == nil || w.Start.Step == nil {
		return true
	}
	step, ok := w.Start.Step.(Composed)
	if !ok {
		return false
	}
	from, _ := step.Composed()
	return from != nil
}

// read is what expressions read besides the record: results of steps, and what was filled in.
func (w *Workflow) read(results map[string]expression.Names) map[string]expression.Names {
	if len(w.inputs) > 0 {
		results[inputRoot] = w.inputs
	}
	return results
}

// compileSteps compiles the steps, each after those that may have run before it.
func (k *compilation) compileSteps(w *Workflow, g *graph, base Compiling, at string) {
	for _, name := range g.order {
		s := g.steps[name]
		at := at + "/steps/" + name
		if s.kind.Effect() > w.Trigger.Allows() {
			k.c.Report(fault.New(fault.Invalid, "workflow.effect_before_save", "type", s.kind.Name()), at+"/type")
			continue
		}
		of := base
		of.at, of.results = at, w.read(g.before(name, w.Nodes))
		node := &Node{Name: name, Type: s.kind, Step: s.settings.Compile(&of), Failed: s.failed, Undo: of.undo(s, w.Trigger.Allows()), Retry: of.retry(s, w.Trigger.Allows())}
		if node.Result = of.result; s.failed != "" {
			node.Result = of.withProblem()
		}
		w.Nodes[name] = node
	}
}
