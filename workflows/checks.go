package workflows

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/metadata"
)

// maxPairs is how many pairs of workflows each check looks at, and maxWays on ways from one to another: a configuration that has
// more of them is not warned of the others.
const (
	maxPairs = 20_000
	maxWays  = 1_000_000
)

// Warnings implements catalog.Warns: what active workflows may do and probably should not. Nothing that works is refused for it.
func (kind) Warnings(s *catalog.Snapshot) []*fault.Fault {
	c := Of(s)
	warnings := slices.Concat(c.contests(), c.endless())
	for _, name := range slices.Sorted(maps.Keys(c.ByName)) {
		w := c.ByName[name]
		if !w.Active() {
			continue
		}
		for _, at := range w.never {
			warnings = append(warnings, fault.New(fault.Invalid, "workflow.never_holds").At(at))
		}
		warnings = append(warnings, w.lacking(catalog.Permissions(s))...)
	}
	return warnings
}

// at is the pointer of a step.
func (w *Workflow) at(step string) string {
	return "/" + KindName + "/" + w.Doc.Name + "/steps/" + step
}

// eachWrite calls visit with what the steps of a workflow change, in the order of their names.
func (w *Workflow) eachWrite(visit func(step string, of Write)) {
	for _, name := range slices.Sorted(maps.Keys(w.Nodes)) {
		if writing, ok := w.Nodes[name].Step.(Writing); ok {
			for _, of := range writing.Writes() {
				visit(name, of)
			}
		}
	}
}

// held notes a condition that holds for no record, whoever asks and whenever.
func (c *Compiling) held(p *expression.Program, at string) *expression.Program {
	if f, known := alone(p); known && c.never != nil && query.Contradictory(f) {
		*c.never = append(*c.never, c.at+at)
	}
	return p
}

// alone is a condition as a filter; known is false where it depends on more than the record that it is about.
func alone(p *expression.Program) (f query.Filter, known bool) {
	if p == nil || !p.Queryable() || p.UsesUser() || p.UsesClock() || slices.ContainsFunc(p.Paths(), func(p expression.Path) bool { return p.Root != "" }) {
		return nil, false
	}
	f, err := p.Filter(nowhere{})
	return f, err == nil
}

// nowhere is the environment of what depends on nothing.
type nowhere struct{}

func (nowhere) Get(expression.Path) any  { return nil }
func (nowhere) Now() time.Time           { return time.Time{} }
func (nowhere) Location() *time.Location { return time.UTC }

// known is what holds for the record when the workflow is set off, as far as that is known.
func (w *Workflow) known() query.Filter {
	if t, ok := w.Trigger.(Implying); ok {
		return query.And(t.Implies(), w.holds)
	}
	return w.holds
}

// contests warns of fields that two workflows give a value on one event, unless their conditions exclude each other.
func (c *Compiled) contests() (warnings []*fault.Fault) {
	type contest struct{ first, second, field string }
	known := map[contest]bool{}
	left := maxPairs
	for _, moments := range []map[moment][]*Workflow{c.before, c.after} {
		inOrder := slices.SortedFunc(maps.Keys(moments), func(a, b moment) int {
			return cmp.Or(cmp.Compare(a.object, b.object), cmp.Compare(a.action, b.action))
		})
		for _, m := range inOrder {
			sets := map[string][]*Workflow{} // by field, those that have set it, in their order
			for _, w := range moments[m] {
				w.eachWrite(func(step string, of Write) {
					for _, v := range of.Values {
						if !of.Own {
							continue
						}
						field := v.Field.Name
						for _, first := range sets[field] {
							of := contest{first.Doc.Name, w.Doc.Name, field}
							if left--; left > 0 && first != w && !known[of] && !query.Contradictory(query.And(first.known(), w.known())) {
								known[of] = true
								warnings = append(warnings, fault.New(fault.Invalid, "workflow.same_field", "workflow", first.Doc.Name, "field", field).At(w.at(step)))
							}
						}
						if !slices.Contains(sets[field], w) {
							sets[field] = append(sets[field], w)
						}
					}
				})
			}
		}
	}
	return warnings
}

// lacking warns of permission sets that a workflow is for, and whose rights don't suffice for what its steps change as whoever
// set it off.
func (w *Workflow) lacking(sets map[string]*metadata.Permission) (warnings []*fault.Fault) {
	t, ok := w.Trigger.(OnPress)
	if !ok || !w.AsUser() {
		return nil
	}
	for _, set := range t.Permissions() {
		rights := within(sets, set)
		w.eachWrite(func(step string, of Write) {
			if of.System {
				return
			}
			object, right := of.Object.Doc.Name, rightOf[of.Action]
			given := slices.DeleteFunc(slices.Clone(rights), func(p *metadata.Permission) bool { return !gives(p.On(object), of.Action) })
			if len(given) == 0 {
				warnings = append(warnings, fault.New(fault.Invalid, "workflow.set_lacks_right", "set", set, "right", right, "object", object).At(w.at(step)))
				return
			}
			for _, v := range of.Values {
				if !slices.ContainsFunc(given, func(p *metadata.Permission) bool { return p.On(object).Level(v.Field.Name) == "edit" }) {
					warnings = append(warnings, fault.New(fault.Invalid, "workflow.set_lacks_field", "set", set, "field", v.Field.Name, "object", object).At(w.at(step)))
				}
			}
		})
	}
	return warnings
}

// rightOf is what the right to do something is called in permission sets.
var rightOf = map[record.Action]string{record.Created: "create", record.Updated: "update", record.Deleted: "delete"}

func gives(r *metadata.ObjectRights, a record.Action) bool {
	return r != nil && (a == record.Created && r.Create || a == record.Updated && r.Update || a == record.Deleted && r.Delete)
}

// within are a permission set and those that it includes.
func within(sets map[string]*metadata.Permission, name string) (all []*metadata.Permission) {
	names := []string{name}
	for i := 0; i < len(names); i++ {
		if p := sets[names[i]]; p != nil {
			all = append(all, p)
			names = append(names, slices.DeleteFunc(slices.Clone(p.Includes), func(of string) bool { return slices.Contains(names, of) })...)
		}
	}
	return all
}

// endless warns of workflows that may set off each other for ever, by what their steps change: of the shortest way from each back
// to itself. Whether conditions end it can't be told.
func (c *Compiled) endless() (warnings []*fault.Fault) {
	g := c.leads()
	known := map[string]bool{}
	for i := range g.all {
		way := g.back(i)
		if way == nil {
			continue
		}
		least := slices.Index(way, slices.Min(way)) // they are told from the first by name on
		way = slices.Concat(way[least:], way[:least+1])
		names := make([]string, len(way))
		for n, at := range way {
			names[n] = g.all[at].Doc.Name
		}
		if says := strings.Join(names, " → "); !known[says] {
			known[says] = true
			warnings = append(warnings, fault.New(fault.Invalid, "workflow.endless", "workflows", says).At("/"+KindName+"/"+names[0]+"/trigger"))
		}
	}
	return warnings
}

// leading are workflows that are set off by events of changes, by name, and which lead to which.
type leading struct {
	all []*Workflow
	to  [][]int // by what may happen again and again
	end [][]int // by deleting records
	// left is how much is still looked at.
	left int
}

// leads finds which workflow sets off which.
func (c *Compiled) leads() *leading {
	g := &leading{left: maxWays}
	number := map[*Workflow]int{}
	for _, of := range slices.Concat(slices.Collect(maps.Values(c.after))...) {
		if _, twice := number[of]; !twice {
			number[of] = 0
			g.all = append(g.all, of)
		}
	}
	slices.SortFunc(g.all, func(a, b *Workflow) int { return cmp.Compare(a.Doc.Name, b.Doc.Name) })
	for i, w := range g.all {
		number[w] = i
	}
	m := movesOf(g.all)
	g.to, g.end = make([][]int, len(g.all)), make([][]int, len(g.all))
	pairs := maxPairs
	for i, w := range g.all {
		w.eachWrite(func(_ string, of Write) {
			for _, next := range c.after[moment{of.Object.Doc.Name, of.Action}] {
				if pairs--; pairs < 0 {
					return
				}
				if at := number[next]; of.Action == record.Deleted {
					g.end[i] = append(g.end[i], at)
				} else if m.setsOff(w, of, next) {
					g.to[i] = append(g.to[i], at)
				}
			}
		})
	}
	return g
}

// back is the shortest way from a workflow back to itself; nil: there is none. It does not begin by deleting: where all of them
// delete, it ends.
func (g *leading) back(from int) []int {
	before := map[int]int{}
	for queue := []int{from}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		leads := g.to[at]
		if at != from {
			leads = slices.Concat(leads, g.end[at])
		}
		for _, next := range leads {
			if g.left--; g.left < 0 {
				return nil
			}
			if next == from {
				way := []int{at}
				for way[0] != from {
					way = append([]int{before[way[0]]}, way...)
				}
				return way
			}
			if _, known := before[next]; !known {
				before[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// place is a field of an object.
type place struct{ object, field string }

// moving is what workflows may give other values again and again.
type moving struct {
	written  map[place]bool // what they write at all
	restless map[place]bool
}

// movesOf finds what workflows may give other values again and again. A field that is given the same value always, or one that
// is computed of what none of them changes, comes to rest.
func movesOf(all []*Workflow) moving {
	m := moving{written: map[place]bool{}, restless: map[place]bool{}}
	for _, w := range all {
		w.eachWrite(func(_ string, of Write) {
			for _, v := range of.Values {
				m.written[place{of.Object.Doc.Name, v.Field.Name}] = true
			}
		})
	}
	sources := map[place]string{}
	for _, w := range all {
		w.eachWrite(func(_ string, of Write) {
			for _, v := range of.Values {
				at := place{of.Object.Doc.Name, v.Field.Name}
				if m.moves(w, v.Program) || sources[at] != "" && sources[at] != w.Doc.Object+" "+v.Program.Source() {
					m.restless[at] = true
				} else {
					sources[at] = w.Doc.Object + " " + v.Program.Source()
				}
			}
		})
	}
	return m
}

// moves reports whether the value of an expression may be another one each time, though nobody but workflows changes anything.
func (m moving) moves(w *Workflow, p *expression.Program) bool {
	return p == nil || p.UsesClock() || p.UsesUser() || slices.ContainsFunc(p.Paths(), func(path expression.Path) bool {
		if path.Root != "" || len(path.Via) > 0 || w.Object == nil {
			return true
		}
		f, ok := w.Object.Field(path.Leaf.Name)
		return !ok || !f.Settable() || m.written[place{w.Doc.Object, f.Name}]
	})
}

// setsOff reports whether what a workflow changes may set off another, or itself, again and again.
func (m moving) setsOff(w *Workflow, of Write, next *Workflow) bool {
	t, ok := next.Trigger.(OnFields)
	if !ok {
		return false
	}
	watched := t.Watches()
	if len(watched) == 0 && of.Action == record.Created {
		return true
	}
	return slices.ContainsFunc(of.Values, func(v Value) bool {
		switch {
		case len(watched) > 0 && !slices.Contains(watched, v.Field.Name), !v.mayFire(t, of.Action):
			return false
		case of.Action == record.Created:
			return true
		case next == w:
			return m.moves(w, v.Program)
		}
		return m.restless[place{of.Object.Doc.Name, v.Field.Name}]
	})
}

// mayFire reports whether a field that is given the value may set off a trigger. Where it is always the same value, the trigger
// is asked; one that wants to know what it was before says no.
func (v Value) mayFire(t OnSave, a record.Action) bool {
	p := v.Program
	if p == nil || p.UsesClock() || p.UsesUser() || len(p.Paths()) > 0 {
		return true
	}
	value, err := p.Eval(nowhere{})
	return err != nil || t.Fires(supposed{a, v.Field.Name, value})
}

// supposed is a change of one field from something that is not known.
type supposed struct {
	action record.Action
	field  string
	value  any
}

func (s supposed) Action() record.Action { return s.action }

// Via implements Saved: a workflow.
func (s supposed) Via() string { return "workflow" }

// Get implements Saved.
func (s supposed) Get(field string) any {
	if field == s.field {
		return s.value
	}
	return nil
}

// Was implements Saved.
func (s supposed) Was(field string) any {
	if field == s.field && s.action != record.Created {
		return "\x00" // the value of no field
	}
	return nil
}
