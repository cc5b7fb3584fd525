package draft

import (
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata/fieldtype"
)

// CheckRequired: fields that may not be empty, always or under a condition.
func (d *Draft) CheckRequired() {
	for _, f := range d.Mapping.Required {
		if d.Row[f.Slot] == nil && d.Requires(f) {
			d.require(f.Field, "record.required")
		}
	}
}

// Requires reports whether one of the mapping's Required may not be empty now.
func (d *Draft) Requires(f *stored.Field) bool { return f.Required == nil || d.Holds(f.Required) }

// require adds the fault of an empty field, once for each field.
func (d *Draft) require(f *catalog.Field, code string) {
	pointer := "/" + f.Name
	for _, known := range [2][]*fault.Fault{d.problems, d.missing} {
		for _, other := range known {
			if other.Pointer == pointer {
				return
			}
		}
	}
	d.problemOf(f, (&fault.Fault{Kind: fault.Invalid, Code: code, Params: map[string]any{"field": d.Session.Label(f)}}).At(pointer))
}

// CheckRemovedOptions: options that there are no more, though nothing was changed in the
// field. Those who may not choose another keep them; inactive options stay.
func (d *Draft) CheckRemovedOptions() {
	if d.Old == nil {
		return
	}
	for _, f := range d.Mapping.Options {
		if !d.Object.Writes(f.Name) || !stored.Same(d.Old[f.Slot], d.Row[f.Slot]) {
			continue
		}
		options := f.Value.(fieldtype.Chooses).Options()
		removed := func(name string) bool { return options[name] == nil }
		i := slices.IndexFunc(Chosen(d.Row[f.Slot]), removed)
		if i < 0 {
			continue
		}
		if _, problem := f.Value.Coerce(Chosen(d.Row[f.Slot])[i]); problem != nil {
			d.problem(nameSubjects(d.Session, f.Field, problem).Under("/" + f.Name))
		}
	}
}

// CheckOptions: options that another field's value, or the record's type, rules out.
// What was there before stays.
func (d *Draft) CheckOptions() {
	for _, f := range d.Mapping.Fields {
		if _, ok := f.Value.(fieldtype.Chooses); !ok {
			continue
		}
		for _, name := range Chosen(d.Row[f.Slot]) {
			d.problems = append(d.problems, d.RuledOut(f, name, true)...)
		}
	}
}

// RuledOut tells why an option of a field does not go with the record's other values, as
// far as the caller may know: another field's value, or the record's type, rules it out.
// kept: the field has it, and what was there before stays.
func (d *Draft) RuledOut(f *stored.Field, name string, kept bool) []*fault.Fault {
	var problems []*fault.Fault
	kept = kept && d.Old != nil && stored.Same(d.Old[f.Slot], d.Row[f.Slot])
	if by := f.DependsOn; by != nil && !(kept && stored.Same(d.Old[by.Slot], d.Row[by.Slot])) {
		controlling, _ := d.Row[by.Slot].(string)
		if o := f.Value.(fieldtype.Chooses).Options()[name]; o != nil && len(o.For) > 0 && !slices.Contains(o.For, controlling) {
			problem := fault.New(fault.Invalid, "record.option_not_offered", "value", name, "field", d.Session.Label(f.Field), "other", d.Session.Label(by.Field))
			problems = append(problems, d.ruledOut(f, name, by, problem))
		}
	}
	at, ok := d.Mapping.ByName["record_type"]
	if !ok || kept && stored.Same(d.Old[at.Slot], d.Row[at.Slot]) {
		return problems
	}
	recordType, _ := d.Row[at.Slot].(string)
	unlisted := !fieldtype.Restricted(f.Value) && f.Value.(fieldtype.Chooses).Options()[name] == nil
	if allowed, limited := recordTypeOptions(d.Mapping.Object, recordType, f.Name); limited && !unlisted && !slices.Contains(allowed, name) {
		problem := fault.New(fault.Invalid, "record.option_not_of_type", "value", name, "field", d.Session.Label(f.Field), "type", recordType)
		problems = append(problems, d.ruledOut(f, name, at, problem))
	}
	return problems
}

// ruledOut is the problem of an option that another field's value rules out. Where the
// caller may not read the other field, neither its name nor its value is told.
func (d *Draft) ruledOut(f *stored.Field, option string, by *stored.Field, problem *fault.Fault) *fault.Fault {
	if !d.Object.Reads(by.Field) {
		problem = fault.New(fault.Invalid, "record.option_excluded", "value", option, "field", d.Session.Label(f.Field)).Because(problem)
	}
	return d.Object.Told(f.Field, problem.At("/"+f.Name))
}

// Chosen are the options in a value.
func Chosen(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	}
	return nil
}

// CheckRules: every validation rule that is broken, with its message.
func (d *Draft) CheckRules() {
	for _, rule := range d.Mapping.Object.Rules {
		if (d.Old == nil && !rule.OnCreate) || (d.Old != nil && !rule.OnSave) {
			continue
		}
		if rule.When != nil && !d.Holds(rule.When) {
			continue
		}
		if d.Holds(rule.Must) {
			continue
		}
		pointer := ""
		if f, ok := d.Mapping.Object.Field(rule.Doc.Field); ok && d.Object.Reads(f) {
			pointer = "/" + f.Name
		}
		d.problem(fault.New(fault.Invalid, "record.rule", "rule", rule.Name,
			"message", rule.Doc.Message.In(d.Session.Caller.Language, rule.Name)).At(pointer))
	}
}

// CheckStage: where a record may begin, the transitions it may make, and what each stage needs.
func (d *Draft) CheckStage() {
	stages := d.Mapping.Object.Stages
	if stages == nil {
		return
	}
	from, to, entered := d.stageTransition()
	pointer := "/" + stages.Field.Name
	if st := stages.ByName[to]; st != nil {
		if entered && from == "" && !d.Session.AnyStage && !d.Recorded() && st.Doc.Initial != nil && !*st.Doc.Initial {
			d.problemOf(stages.Field, fault.New(fault.Invalid, "record.stage_not_initial", "stage", stageLabel(d.Session, stages, to)).At(pointer))
		}
	}
	for _, f := range d.StageRequired() {
		if slot, ok := d.Mapping.Slots[f.Column.Name]; ok && d.Row[slot] == nil {
			d.require(f, "record.stage_required")
		}
	}
	if !entered || from == "" {
		return
	}
	was := stages.ByName[from]
	if was == nil || was.To == nil {
		return
	}
	condition, allowed := was.To[to]
	if !allowed {
		d.problemOf(stages.Field, fault.New(fault.Invalid, "record.stage_step", "from", stageLabel(d.Session, stages, from), "to", stageLabel(d.Session, stages, to)).At(pointer))
		return
	}
	if condition != nil && !d.Holds(condition) {
		d.problem(d.transitionRefused(stages, was, from, to))
	}
}

// StageRequired are the fields that the record's stage needs.
func (d *Draft) StageRequired() []*catalog.Field {
	if d.Mapping.Object.Stages == nil {
		return nil
	}
	if _, to, _ := d.stageTransition(); d.Mapping.Object.Stages.ByName[to] != nil {
		return d.Mapping.Object.Stages.ByName[to].Required
	}
	return nil
}

// transitionRefused is the fault of a transition whose condition does not hold. The
// message that the configuration has for it is told to everybody.
func (d *Draft) transitionRefused(stages *catalog.Stages, was *catalog.Stage, from, to string) *fault.Fault {
	s, pointer := d.Session, "/"+stages.Field.Name
	if transition := was.Doc.To[to]; transition != nil {
		if message := transition.Message.In(s.Caller.Language, ""); message != "" {
			if !d.Object.Reads(stages.Field) {
				return fault.New(fault.Invalid, "record.stage_condition", "message", message)
			}
			return fault.New(fault.Invalid, "record.stage_condition", "from", from, "to", to, "message", message).At(pointer)
		}
	}
	refused := fault.New(fault.Invalid, "record.stage_step", "from", stageLabel(s, stages, from), "to", stageLabel(s, stages, to))
	return d.Object.Told(stages.Field, refused.At(pointer))
}

// stageLabel is a stage's name for the caller.
func stageLabel(s *session.Session, stages *catalog.Stages, name string) string {
	if chooses, ok := stages.Field.Value.(fieldtype.Chooses); ok {
		if o := chooses.Options()[name]; o != nil {
			return o.Label.In(s.Caller.Language, name)
		}
	}
	return name
}

// recordTypeOptions are the options a record's type allows for a field; ok is false
// if it does not say.
func recordTypeOptions(o *catalog.Object, recordType, field string) (allowed []string, ok bool) {
	t := o.Doc.RecordTypes[recordType]
	if t == nil {
		return nil, false
	}
	allowed, ok = t.Options[field]
	return allowed, ok
}
