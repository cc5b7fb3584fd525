package record

import (
	"fmt"
	"slices"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

func (d *draft) problem(f *fault.Fault) { d.faults = append(d.faults, f) }

// checkRequired: fields that may not be empty, always or under a condition.
func (d *draft) checkRequired() {
	for _, f := range d.a.required {
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
	for _, other := range d.faults {
		if other.Pointer == pointer {
			return
		}
	}
	d.problem((&fault.Fault{Kind: fault.Invalid, Code: code, Params: map[string]any{"field": d.s.label(f)}}).At(pointer))
}

// label is a field's name for the caller.
func (s *Session) label(f *catalog.Field) string {
	if f.Doc == nil {
		return f.Name
	}
	return f.Doc.Label.In(s.caller.Language, f.Name)
}

// checkGone: options that there are no more, though nothing was changed in the field.
// Those who may not choose another keep them; inactive options stay.
func (d *draft) checkGone() {
	if d.old == nil {
		return
	}
	for _, f := range d.a.chosen {
		if !d.a.writes(f.Name) || !same(d.old[f.slot], d.row[f.slot]) {
			continue
		}
		options := f.Value.(fieldtype.Chooses).Options()
		gone := func(name string) bool { return options[name] == nil }
		i := slices.IndexFunc(chosen(d.row[f.slot]), gone)
		if i < 0 {
			continue
		}
		if _, problem := f.Value.Coerce(chosen(d.row[f.slot])[i]); problem != nil {
			d.problem(d.s.about(f.Field, problem).Under("/" + f.Name))
		}
	}
}

// checkOptions: options that another field's value, or the record's type, rules out.
// What was there before stays.
func (d *draft) checkOptions() {
	for _, f := range d.a.dependent {
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
	at, ok := d.a.byName["record_type"]
	if !ok || len(d.a.object.Doc.RecordTypes) == 0 {
		return
	}
	recordType, _ := d.row[at.slot].(string)
	for _, f := range d.a.fields {
		allowed, limited := recordTypeOptions(d.a.object, recordType, f.Name)
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
	for _, rule := range d.a.object.Rules {
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
	stages := d.a.object.Stages
	if stages == nil {
		return
	}
	from, to, entered := d.stage()
	pointer := "/" + stages.Field.Name
	if st := stages.ByName[to]; st != nil {
		if entered && from == "" && st.Doc.Initial != nil && !*st.Doc.Initial {
			d.problem(fault.New(fault.Invalid, "record.stage_not_initial", "stage", d.s.stageLabel(stages, to)).At(pointer))
		}
		for _, f := range st.Required {
			if slot, ok := d.plan.slots[f.Column.Name]; ok && d.row[slot] == nil {
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
		d.problem(fault.New(fault.Invalid, "record.stage_step", "from", d.s.stageLabel(stages, from), "to", d.s.stageLabel(stages, to)).At(pointer))
		return
	}
	if condition != nil && !d.holds(condition) {
		d.problem(d.s.stepRefused(stages, was, from, to).At(pointer))
	}
}

// stepRefused is the fault of a step whose condition does not hold.
func (s *Session) stepRefused(stages *catalog.Stages, was *catalog.Stage, from, to string) *fault.Fault {
	if step := was.Doc.To[to]; step != nil {
		if message := step.Message.In(s.caller.Language, ""); message != "" {
			return fault.New(fault.Invalid, "record.stage_condition", "from", from, "to", to, "message", message)
		}
	}
	return fault.New(fault.Invalid, "record.stage_step", "from", s.stageLabel(stages, from), "to", s.stageLabel(stages, to))
}

// stageLabel is a stage's name for the caller.
func (s *Session) stageLabel(stages *catalog.Stages, name string) string {
	if chooses, ok := stages.Field.Value.(fieldtype.Chooses); ok {
		if o := chooses.Options()[name]; o != nil {
			return o.Label.In(s.caller.Language, name)
		}
	}
	return name
}

// checkReferences: the records that changed references name exist, and the caller
// may read them.
func (d *draft) checkReferences() error {
	for _, f := range d.a.refers {
		v := d.row[f.slot]
		if v == nil || (d.old != nil && same(d.old[f.slot], v)) {
			continue
		}
		object, key := referred(f, v)
		if object == "user" && key == int64(d.s.caller.User) {
			continue
		}
		found, err := d.readableRecord(object, key)
		if err != nil {
			return err
		}
		if !found {
			d.problem(fault.New(fault.Invalid, "record.no_reference", "field", d.s.label(f.Field), "id", id.ID(key).String()).At("/" + f.Name))
		}
	}
	return nil
}

// referred splits a stored reference into object and id.
func referred(f *planned, v any) (object string, key int64) {
	switch v := v.(type) {
	case int64:
		return f.refers.Targets()[0], v
	case string:
		object, text, _ := strings.Cut(v, "/")
		parsed, _ := id.Parse(text)
		return object, int64(parsed)
	}
	return "", 0
}

// reference is the stored form of a reference to a record in a field.
func reference(f *catalog.Field, object string, key id.ID) any {
	if f.Column.Storage == fieldtype.Text {
		return object + "/" + key.String()
	}
	return int64(key)
}

// readableRecord reports whether there is a record that the caller may read.
func (d *draft) readableRecord(object string, key int64) (bool, error) {
	o, ok := d.s.snapshot.Objects[object]
	if !ok {
		// A system field may refer to users where the configuration has none.
		return object == "user", nil
	}
	f, err := d.s.filter(d.ctx, object, policy.Read)
	if err != nil {
		return false, err
	}
	return exists(d.env, o.Table.Name, query.And(query.Is(query.ID, key), f))
}

// exists reports whether a filter selects a row.
func exists(e env, table string, f query.Filter) (bool, error) {
	q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Filter: f, Limit: 1}
	for _, err := range e.reader.Select(e.ctx, q) {
		if err != nil {
			return false, fmt.Errorf("looking for a record of %s: %w", table, err)
		}
		return true, nil
	}
	return false, nil
}
