package record

import (
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

// checkRequired: fields that may not be empty, always or under a condition.
func (d *draft) checkRequired() {
	for _, f := range d.mapping.required {
		if d.row[f.slot] != nil {
			continue
		}
		if f.Required == nil || d.holds(f.Required) {
			d.require(f.Field, "record.required")
		}
	}
}

// require adds the fault of an empty field, once for each field.
func (d *draft) require(f *catalog.Field, code string) {
	pointer := "/" + f.Name
	for _, other := range d.problems {
		if other.Pointer == pointer {
			return
		}
	}
	d.problem((&fault.Fault{Kind: fault.Invalid, Code: code, Params: map[string]any{"field": d.s.label(f)}}).At(pointer))
}

// checkRemovedOptions: options that there are no more, though nothing was changed in the
// field. Those who may not choose another keep them; inactive options stay.
func (d *draft) checkRemovedOptions() {
	if d.old == nil {
		return
	}
	for _, f := range d.mapping.options {
		if !d.object.writes(f.Name) || !same(d.old[f.slot], d.row[f.slot]) {
			continue
		}
		options := f.Value.(fieldtype.Chooses).Options()
		removed := func(name string) bool { return options[name] == nil }
		i := slices.IndexFunc(chosen(d.row[f.slot]), removed)
		if i < 0 {
			continue
		}
		if _, problem := f.Value.Coerce(chosen(d.row[f.slot])[i]); problem != nil {
			d.problem(nameSubjects(d.s, f.Field, problem).Under("/" + f.Name))
		}
	}
}

// checkOptions: options that another field's value, or the record's type, rules out.
// What was there before stays.
func (d *draft) checkOptions() {
	for _, f := range d.mapping.dependent {
		if d.old != nil && same(d.old[f.slot], d.row[f.slot]) && same(d.old[f.depends.slot], d.row[f.depends.slot]) {
			continue
		}
		options := f.Value.(fieldtype.Chooses).Options()
		controlling, _ := d.row[f.depends.slot].(string)
		for _, name := range chosen(d.row[f.slot]) {
			if o := options[name]; o != nil && len(o.For) > 0 && !slices.Contains(o.For, controlling) {
				d.problem(fault.New(fault.Invalid, "record.option_not_offered", "value", name, "field", d.s.label(f.Field), "other", d.s.label(f.depends.Field)).At("/" + f.Name))
			}
		}
	}
	at, ok := d.mapping.byName["record_type"]
	if !ok || len(d.mapping.object.Doc.RecordTypes) == 0 {
		return
	}
	recordType, _ := d.row[at.slot].(string)
	for _, f := range d.mapping.fields {
		allowed, limited := recordTypeOptions(d.mapping.object, recordType, f.Name)
		if !limited || (d.old != nil && same(d.old[f.slot], d.row[f.slot]) && same(d.old[at.slot], d.row[at.slot])) {
			continue
		}
		for _, name := range chosen(d.row[f.slot]) {
			if !slices.Contains(allowed, name) {
				d.problem(fault.New(fault.Invalid, "record.option_not_of_type", "value", name, "field", d.s.label(f.Field), "type", recordType).At("/" + f.Name))
			}
		}
	}
}

// chosen are the options in a value.
func chosen(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	}
	return nil
}

// checkRules: every validation rule that is broken, with its message.
func (d *draft) checkRules() {
	for _, rule := range d.mapping.object.Rules {
		if (d.old == nil && !rule.OnCreate) || (d.old != nil && !rule.OnSave) {
			continue
		}
		if rule.When != nil && !d.holds(rule.When) {
			continue
		}
		if d.holds(rule.Must) {
			continue
		}
		pointer := ""
		if rule.Doc.Field != "" {
			pointer = "/" + rule.Doc.Field
		}
		d.problem(fault.New(fault.Invalid, "record.rule", "rule", rule.Name,
			"message", rule.Doc.Message.In(d.s.caller.Language, rule.Name)).At(pointer))
	}
}

// checkStage: where a record may begin, the steps it may take, and what each stage needs.
func (d *draft) checkStage() {
	stages := d.mapping.object.Stages
	if stages == nil {
		return
	}
	from, to, entered := d.stageStep()
	pointer := "/" + stages.Field.Name
	if st := stages.ByName[to]; st != nil {
		if entered && from == "" && st.Doc.Initial != nil && !*st.Doc.Initial {
			d.problem(fault.New(fault.Invalid, "record.stage_not_initial", "stage", stageLabel(d.s, stages, to)).At(pointer))
		}
		for _, f := range st.Required {
			if slot, ok := d.mapping.slots[f.Column.Name]; ok && d.row[slot] == nil {
				d.require(f, "record.stage_required")
			}
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
		d.problem(fault.New(fault.Invalid, "record.stage_step", "from", stageLabel(d.s, stages, from), "to", stageLabel(d.s, stages, to)).At(pointer))
		return
	}
	if condition != nil && !d.holds(condition) {
		d.problem(stepRefused(d.s, stages, was, from, to).At(pointer))
	}
}

// stepRefused is the fault of a step whose condition does not hold.
func stepRefused(s *core, stages *catalog.Stages, was *catalog.Stage, from, to string) *fault.Fault {
	if step := was.Doc.To[to]; step != nil {
		if message := step.Message.In(s.caller.Language, ""); message != "" {
			return fault.New(fault.Invalid, "record.stage_condition", "from", from, "to", to, "message", message)
		}
	}
	return fault.New(fault.Invalid, "record.stage_step", "from", stageLabel(s, stages, from), "to", stageLabel(s, stages, to))
}

// stageLabel is a stage's name for the caller.
func stageLabel(s *core, stages *catalog.Stages, name string) string {
	if chooses, ok := stages.Field.Value.(fieldtype.Chooses); ok {
		if o := chooses.Options()[name]; o != nil {
			return o.Label.In(s.caller.Language, name)
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
