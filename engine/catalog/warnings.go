package catalog

import (
	"slices"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/metadata"
)

// warnings are what a change is warned of: what kinds of documents warn of after it, and
// did not before.
func (k *Kinds) warnings(before, after *Snapshot) []*fault.Fault {
	var warnings []*fault.Fault
	for _, kind := range k.order {
		warns, ok := kind.(Warns)
		if !ok {
			continue
		}
		known := map[string]bool{}
		for _, f := range warns.Warnings(before) {
			known[f.Error()] = true
		}
		for _, f := range warns.Warnings(after) {
			if !known[f.Error()] {
				warnings = append(warnings, f)
			}
		}
	}
	if len(warnings) == 0 {
		return nil
	}
	return bounded(warnings)
}

// Warnings tell of conditions that a save must meet and that read what somebody who may
// save the record may not read: by trying values, they learn something of it. A
// permission set is looked at as if it were a user's only one.
func (permissionKind) Warnings(s *Snapshot) []*fault.Fault {
	var warnings []*fault.Fault
	for _, name := range byName(s.Objects) {
		o := s.Objects[name]
		writers := writersOf(s, o)
		if len(writers) == 0 {
			continue
		}
		pointer := pointerTo("object", name)
		for _, rule := range o.Rules {
			warnings = append(warnings, hiddenFrom(writers, o, pointer+"/rules"+step(rule.Name), rule.Must, rule.When)...)
		}
		for _, f := range o.Fields {
			warnings = append(warnings, choiceHiddenFrom(writers, o, f)...)
		}
		if o.Stages == nil {
			continue
		}
		for _, from := range byName(o.Stages.ByName) {
			for _, to := range byName(o.Stages.ByName[from].To) {
				at := pointer + "/stages/stages" + step(from) + "/to" + step(to)
				warnings = append(warnings, hiddenFrom(writers, o, at, o.Stages.ByName[from].To[to])...)
			}
		}
	}
	return warnings
}

// writer is a permission set with which records of an object may be created or changed.
type writer struct {
	set    string
	rights *metadata.Permission
}

func writersOf(s *Snapshot, o *Object) []writer {
	var writers []writer
	sets := Permissions(s)
	for _, name := range byName(sets) {
		if r := sets[name].On(o.Doc.Name); r != nil && (r.Create || r.Update) {
			writers = append(writers, writer{name, sets[name]})
		}
	}
	return writers
}

// hiddenFrom warns of each field that the conditions of a place read and some writers may
// not read, with the names of their permission sets.
func hiddenFrom(writers []writer, o *Object, pointer string, conditions ...*expression.Program) []*fault.Fault {
	hidden := map[string][]string{}
	for _, condition := range conditions {
		if condition == nil {
			continue
		}
		for _, path := range condition.Paths() {
			if path.Root == "user" {
				continue // the writer's own record
			}
			for _, w := range writers {
				if name := pathText(path); !w.reads(o, path) && !slices.Contains(hidden[name], w.set) {
					hidden[name] = append(hidden[name], w.set)
				}
			}
		}
	}
	var warnings []*fault.Fault
	for _, name := range byName(hidden) {
		warnings = append(warnings, fault.New(fault.Invalid, "catalog.hidden_condition", "field", name, "object", o.Doc.Name,
			"sets", strings.Join(hidden[name], ", ")).At(pointer))
	}
	return warnings
}

// choiceHiddenFrom warns of each field that decides what may be chosen in a reference, and
// that some who may write the reference may not read: they can choose nothing in it.
func choiceHiddenFrom(writers []writer, o *Object, f *Field) []*fault.Fault {
	if f.ChooseWhen == nil {
		return nil
	}
	hidden := map[string][]string{}
	for _, path := range f.ChooseWhen.Paths() {
		if path.Root == "user" {
			continue
		}
		on, name := o, "record."+pathText(path)
		if path.Root == "" {
			on, name = f.Target, pathText(path)
		}
		for _, w := range writers {
			knows := w.reads(on, path) && (path.Root != "" || w.rights.On(on.Doc.Name).Read)
			if w.rights.On(o.Doc.Name).Level(f.Name) == "edit" && !knows && !slices.Contains(hidden[name], w.set) {
				hidden[name] = append(hidden[name], w.set)
			}
		}
	}
	var warnings []*fault.Fault
	for _, name := range byName(hidden) {
		warnings = append(warnings, fault.New(fault.Invalid, "catalog.hidden_choice", "field", name, "lookup", f.Name,
			"sets", strings.Join(hidden[name], ", ")).At(pointerTo("object", o.Doc.Name)+"/fields"+step(f.Name)+"/choose_when"))
	}
	return warnings
}

// pathText is a path of the record as people write it.
func pathText(p expression.Path) string {
	var names []string
	for _, s := range p.Via {
		names = append(names, s.Name)
	}
	return strings.Join(append(names, p.Leaf.Name), ".")
}

// reads reports whether every field of a path may be read with the permission set. System
// fields come with the object.
func (w writer) reads(o *Object, p expression.Path) bool {
	for _, s := range append(slices.Clone(p.Via), p.Leaf) {
		f := o.byName[s.Name]
		if r := w.rights.On(o.Doc.Name); r == nil || !r.Read && (!r.Create || r.Level(f.Name) != "edit") || !f.System && (r.Level(f.Name) == "none" || r.Level(f.Name) == "masked") {
			return false
		}
		if f.Target != nil {
			o = f.Target
		}
	}
	return true
}
