package workflows

import (
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

// Called is a workflow that others call.
type Called struct {
	Object *catalog.Object
	Inputs []Input
	Answer Result
}

// Called finds a workflow that may be called, or reports why it can't be.
func (c *Compiling) Called(name, at string) *Called {
	definition := c.k.definitions()[name]
	if definition == nil {
		c.c.Unknown(KindName, name, c.at+at)
		return nil
	}
	h := c.k.headOf(definition, "/"+KindName+"/"+name)
	if h == nil {
		return nil // which is reported there
	}
	t, ok := h.trigger.(OnCall)
	if !ok {
		c.Report(fault.New(fault.Invalid, "workflow.not_called", "workflow", name), at)
		return nil
	}
	*c.calls = append(*c.calls, call{c.at + at, name})
	return &Called{h.object, t.Inputs(), OfferedBy(t.Answers())}
}

// Given compiles what a workflow that is called is given for its inputs, and reports those that it does not have or
// that are missing.
func (c *Compiling) Given(inputs []Input, sources map[string]string, at string) []Value {
	var given []Value
	for _, input := range inputs {
		f := input.Field
		source, ok := sources[f.Name]
		switch {
		case ok:
			if p := c.noted(c.c.Value(f, source, c.scope(fieldtype.AnyKind, -1), c.at+at+"/"+f.Name)); p != nil {
				given = append(given, Value{Field: f, Program: p})
			}
		case f.Doc.Required != nil && f.Doc.Required.Always && input.Default == nil && f.Initial == nil:
			c.Report(fault.New(fault.Invalid, "workflow.input_missing", "input", f.Name), at)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		if !slices.ContainsFunc(inputs, func(i Input) bool { return i.Field.Name == name }) {
			c.Report(fault.New(fault.Invalid, "workflow.no_input", "input", name), at+"/"+name)
		}
	}
	return given
}

// call is a call of a workflow by a step of another, and where it says so.
type call struct{ at, workflow string }

// compilation is the compilation of workflows of a configuration, of which each may look at how others are called.
type compilation struct {
	types *Registry
	c     *catalog.Compiling
	all   map[string]*Definition
	heads map[*Definition]*head
}

// head is what others need to know of a workflow that they call.
type head struct {
	object  *catalog.Object
	trigger Trigger
}

// definitions are those of the configuration, by name.
func (k *compilation) definitions() map[string]*Definition {
	if k.all == nil {
		k.all = catalog.Read[Definition](k.c)
	}
	return k.all
}

// headOf compiles the head of a workflow, once; nil where that can't be, which is reported.
func (k *compilation) headOf(d *Definition, at string) *head {
	if h, known := k.heads[d]; known {
		return h
	}
	k.heads[d] = nil
	h := &head{}
	if d.Object != "" {
		if h.object = k.c.Object(d.Object, at+"/object"); h.object == nil {
			return nil
		}
	}
	settings, ok := readAs(k.types.triggers, d.Trigger, TriggerType.Read, k.c, at+"/trigger")
	if !ok {
		return nil
	}
	if h.trigger = settings.Compile(&Compiling{c: k.c, k: k, at: at + "/trigger", object: h.object}); h.trigger == nil {
		return nil
	}
	k.heads[d] = h
	return h
}

// followCalls reports workflows that call each other in a circle, and those which nobody sets off and that call one which acts
// for whoever does. It finds which ask who set off a run, themselves or in what they call.
func (c *Compiled) followCalls(compiling *catalog.Compiling) {
	const under, done = 1, 2
	acting := map[string]bool{} // for whoever set off a run, themselves or in what they call
	state := map[string]int{}
	var follow func(name string)
	follow = func(name string) {
		w := c.ByName[name]
		if w == nil {
			return
		}
		state[name] = under
		for _, call := range w.calls {
			switch state[call.workflow] {
			case under:
				compiling.Report(fault.New(fault.Invalid, "workflow.calls_circle", "workflow", call.workflow), call.at)
			case 0:
				follow(call.workflow)
			}
		}
		state[name] = done
		c.asks[name] = c.Asks(w)
		acting[name] = w.AsUser()
		for _, call := range w.calls {
			acting[name] = acting[name] || acting[call.workflow]
			if w.byNobody() && acting[call.workflow] {
				compiling.Report(fault.New(fault.Invalid, "workflow.calls_for_nobody", "workflow", call.workflow), call.at)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.ByName)) {
		if state[name] == 0 {
			follow(name)
		}
	}
}

// Asks reports whether a run of a workflow, or of one that it calls, depends on who set it off.
func (c *Compiled) Asks(w *Workflow) bool {
	return w.ReadsUser || w.AsUser() || slices.ContainsFunc(w.calls, func(to call) bool { return c.asks[to.workflow] })
}

// still are the workflows of a former configuration of which nothing that they call has changed.
func still(former map[string]*Workflow, now map[string]*Definition) map[string]*Workflow {
	same := maps.Clone(former)
	maps.DeleteFunc(same, func(_ string, w *Workflow) bool {
		return slices.ContainsFunc(w.calls, func(to call) bool {
			called := former[to.workflow]
			return called == nil || called.Doc != now[to.workflow]
		})
	})
	return same
}
