package form

import (
	"encoding/json"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata/fieldtype"
)

// states are the states of a form's parts, being found.
type states struct {
	*conditions
	draft *draft.Draft
	env   *session.Env // of the record by which conditions are decided
	row   stored.Row   // that is shown
	shown map[*section]bool
	open  map[*part]bool // the tabs that are shown
}

// holds runs a condition that may be absent.
func (s *states) holds(p *expression.Program, absent bool) bool {
	if p == nil {
		return absent
	}
	return s.env.Holds(p)
}

// recordType is the record's type; ok is false if it has none, or the caller may not
// know it.
func (s *states) recordType() (name string, ok bool) {
	i := slices.IndexFunc(s.conditions.fields, func(f *field) bool { return f.Name == recordTypeField && f.at != nil })
	if i >= 0 {
		name, ok = s.row[s.conditions.fields[i].at.Slot].(string)
	}
	return name, ok
}

// tabs must be asked for before sections.
func (s *states) tabs() map[string]SectionState {
	s.open = make(map[*part]bool, len(s.conditions.tabs))
	all := make(map[string]SectionState, len(s.conditions.tabs))
	for _, of := range s.conditions.tabs {
		s.open[of] = s.holds(of.visible, true)
		all[of.name] = SectionState{Visible: s.open[of]}
	}
	return all
}

// related are the states of the related lists.
func (s *states) related() map[string]SectionState {
	all := make(map[string]SectionState, len(s.conditions.related))
	for _, of := range s.conditions.related {
		all[of.name] = SectionState{Visible: s.holds(of.visible, true)}
	}
	return all
}

// sections must be asked for before fields. What a hidden tab holds is hidden.
func (s *states) sections() map[string]SectionState {
	s.shown = make(map[*section]bool, len(s.conditions.sections))
	all := make(map[string]SectionState, len(s.conditions.sections))
	for _, of := range s.conditions.sections {
		s.shown[of] = s.open[of.tab] && s.holds(of.visible, true)
		all[of.name] = SectionState{Visible: s.shown[of]}
	}
	return all
}

func (s *states) fields() map[string]FieldState {
	all := make(map[string]FieldState, len(s.conditions.fields))
	needed := s.draft.StageRequired()
	for _, f := range s.conditions.fields {
		all[f.Name] = s.field(f, needed)
	}
	return all
}

// field is the state of a field; needed are those that the stage requires. On a layout a
// field is visible where one of its places is, and marked as any of those says.
func (s *states) field(f *field, needed []*catalog.Field) FieldState {
	st := FieldState{Visible: len(f.placed) == 0, ReadOnly: !f.writable, Options: s.options(f), Open: !fieldtype.Restricted(f.Value), Narrowed: f.ChooseWhen != nil}
	st.Required = f.required && s.draft.Requires(f.at) || slices.Contains(needed, f.Field)
	for _, p := range f.placed {
		if !s.shown[p.section] || !s.holds(p.visible, true) {
			continue
		}
		st.Visible = true
		st.Required = st.Required || s.holds(p.required, false)
		st.ReadOnly = st.ReadOnly || s.holds(p.readOnly, false)
	}
	st.Visible = st.Visible && s.holds(f.visible, true)
	return st
}

// options are the options that saving would take now, nil for a field that has none. What
// is there stays among them as long as saving takes it.
func (s *states) options(f *field) []string {
	if f.options == nil || f.at == nil {
		return f.options
	}
	options := f.Value.(fieldtype.Chooses).Options()
	there := draft.Chosen(s.row[f.at.Slot])
	offered := make([]string, 0, len(f.options))
	for _, name := range f.options {
		kept := slices.Contains(there, name)
		if (active(options[name]) || kept) && len(s.draft.RuledOut(f.at, name, kept)) == 0 {
			offered = append(offered, name)
		}
	}
	return offered
}

// maxRowStates bounds the states of fields in child rows, and the options in them, of one
// form: some megabytes of JSON.
const maxRowStates = 200_000

// rows are the states of child rows, by field. Fault record.form_too_large.
func (s *states) rows() (map[string][]map[string]RowState, error) {
	all := map[string][]map[string]RowState{}
	told := 0
	for _, f := range s.conditions.fields {
		if f.rows == nil {
			continue
		}
		all[f.Name] = []map[string]RowState{}
		raw, ok := s.row[f.at.Slot].(json.RawMessage)
		if !ok {
			continue
		}
		rows, err := fieldtype.Rows(f.Value.(fieldtype.Nests), raw)
		if err != nil {
			return nil, err
		}
		for _, values := range rows {
			row := make(map[string]RowState, len(f.rows))
			for _, of := range f.rows {
				st := RowState{Required: of.required, ReadOnly: !of.writable, Options: of.offered(values), Open: !fieldtype.Restricted(of.Value)}
				row[of.Name] = st
				told += 1 + len(st.Options)
			}
			if told > maxRowStates {
				return nil, fault.New(fault.Limited, "record.form_too_large", "max", maxRowStates)
			}
			all[f.Name] = append(all[f.Name], row)
		}
	}
	return all, nil
}

// offered are the options of a field that go with the other values of its row.
func (f *rowField) offered(values map[string]any) []string {
	if f.options == nil {
		return nil
	}
	options := f.Value.(fieldtype.Chooses).Options()
	controlling, _ := values[f.dependsOn].(string)
	offered := make([]string, 0, len(f.options))
	for _, name := range f.options {
		o := options[name]
		if active(o) && (f.dependsOn == "" || len(o.For) == 0 || slices.Contains(o.For, controlling)) {
			offered = append(offered, name)
		}
	}
	return offered
}
