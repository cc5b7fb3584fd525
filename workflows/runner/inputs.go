package runner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/workflows"
)

// Wanted is a workflow that somebody sets off on a record, with what they filled in, as requests write values.
type Wanted struct {
	Workflow string
	Document json.RawMessage // to be tried in place of it, whole; nil: the one that there is
	Object   string
	Record   id.ID
	Inputs   map[string]any
	Begins   bool   // what is not among the inputs is as it begins for the record
	Payload  any    // decoded, of one that outside systems set off
	Key      string // by which whoever presses names the press: another one of theirs by that name has the same run; "": it has none
}

// filled are the values that somebody filled in, in stored form. Fault workflow.inputs (Invalid), with every problem at
// its place below /inputs.
func filled(ctx context.Context, caller *record.Session, w *workflows.Workflow, given map[string]any) (map[string]any, error) {
	asks, ok := w.Trigger.(workflows.Asking)
	if !ok {
		return nil, nil
	}
	return filledIn(ctx, caller, asks.Inputs(), given)
}

// filledIn are the values of inputs that somebody filled in; caller is nil where none refers to a record.
func filledIn(ctx context.Context, caller *record.Session, inputs []workflows.Input, given map[string]any) (map[string]any, error) {
	values := map[string]any{}
	var problems []*fault.Fault
	known := map[string]bool{}
	for _, input := range inputs {
		f := input.Field
		known[f.Name] = true
		value, problem, err := enter(ctx, caller, f, given[f.Name])
		if err != nil {
			return nil, err
		}
		if problem != nil {
			problems = append(problems, problem.At("/inputs/"+f.Name))
		}
		values[f.Name] = value
	}
	for name := range given {
		if !known[name] {
			problems = append(problems, fault.New(fault.Invalid, "workflow.no_input", "input", name).At("/inputs"))
		}
	}
	if len(problems) > 0 {
		return nil, fault.All(fault.Invalid, "workflow.inputs", problems)
	}
	return values, nil
}

// enter is a value that was filled in, in stored form, or what is wrong with it. Who fills in a reference may read what it leads to.
func enter(ctx context.Context, caller *record.Session, f *catalog.Field, given any) (any, *fault.Fault, error) {
	value, problem := entered(f, given)
	if problem != nil || value == nil {
		return nil, problem, nil
	}
	if key, ok := value.(int64); ok && f.Target != nil {
		may, err := caller.May(ctx, policy.Read, f.Target.Doc.Name, id.ID(key))
		if err != nil && fault.KindOf(err) != fault.Forbidden {
			return nil, nil, err
		}
		if err != nil || !may {
			return nil, fault.New(fault.Invalid, "record.reference_gone"), nil
		}
	}
	return value, nil, nil
}

// entered is a value in stored form, whatever it refers to, or what is wrong with it.
func entered(f *catalog.Field, given any) (value any, problem *fault.Fault) {
	if given != nil {
		if value, problem = f.Value.Coerce(given); problem != nil {
			return nil, problem
		}
	}
	if value == nil && f.Doc.Required != nil && f.Doc.Required.Always {
		return nil, fault.New(fault.Invalid, "field.required")
	}
	return value, nil
}

// beginning are inputs with, of each that is absent, what it begins with for a record.
func beginning(ctx context.Context, caller *record.Session, w *workflows.Workflow, of Wanted) (map[string]any, error) {
	env, err := caller.Env(ctx, of.Object, of.Record)
	if err != nil || env == nil {
		return of.Inputs, err
	}
	begin, failed := defaults(w, *env)
	var problems []*fault.Fault // nobody sees what it begins with
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		if _, given := of.Inputs[name]; !given {
			problems = append(problems, failed[name].At("/inputs/"+name))
		}
	}
	if len(problems) > 0 {
		return nil, fault.All(fault.Invalid, "workflow.inputs", problems)
	}
	inputs := map[string]any{}
	for name, raw := range begin {
		from := json.NewDecoder(bytes.NewReader(raw))
		from.UseNumber()
		var value any
		if err := from.Decode(&value); err != nil {
			return nil, fmt.Errorf("reading what the input %s begins with: %w", name, err)
		}
		inputs[name] = value
	}
	maps.Copy(inputs, of.Inputs)
	return inputs, nil
}

// Offered is a workflow that somebody may set off on a record now, and what its inputs begin with, as the API
// shows values.
type Offered struct {
	*workflows.Workflow
	Defaults map[string]json.RawMessage
	Composer *Composer // nil: no e-mail is written
}

// Inputs are what whoever sets it off is asked to fill in.
func (o *Offered) Inputs() []workflows.Input {
	all := slices.Clone(o.Trigger.(workflows.OnPress).Inputs())
	return slices.DeleteFunc(all, func(i workflows.Input) bool { return i.Unasked })
}

// defaults are what inputs begin with, and why some can't be computed: these begin empty, where people see it.
func defaults(w *workflows.Workflow, env session.Env) (begin map[string]json.RawMessage, failed map[string]*fault.Fault) {
	begin, failed = map[string]json.RawMessage{}, map[string]*fault.Fault{}
	for _, input := range w.Trigger.(workflows.OnPress).Inputs() {
		f := input.Field
		if input.Default == nil {
			if f.Initial != nil {
				begin[f.Name] = f.Value.AppendJSON(nil, f.Initial)
			}
			continue
		}
		own := env
		v, err := input.Default.Eval(&own)
		switch problem := fault.From(cmp.Or(own.Failed(), err)); {
		case problem != nil:
			failed[f.Name] = single(problem)
		case v != nil:
			begin[f.Name] = f.Value.AppendJSON(nil, v)
		}
	}
	return begin, failed
}
