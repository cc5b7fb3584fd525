package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Effects compares two configurations object by object.
func (objectKind) Effects(c *Comparison) {
	w := weigher{c}
	before, after := c.Before, c.After
	for _, name := range byName(before.Objects) {
		if after.Objects[name] == nil {
			w.Add(Effect{Impact: Impact{Class: Destructive, Path: "object/" + name,
				Notice: fault.New(fault.Invalid, "catalog.removes_object", "object", name)}, Table: name, removes: true})
		}
	}
	for _, name := range byName(after.Objects) {
		o, old := after.Objects[name], before.Objects[name]
		if old == nil {
			w.Add(Effect{Impact: Impact{Class: Free, Path: "object/" + name,
				Notice: fault.New(fault.Invalid, "catalog.adds_object", "object", name)}})
			continue
		}
		if !bytes.Equal(before.Documents[key("object", name)].Body, after.Documents[key("object", name)].Body) || old.changedWith(o) {
			w.object(old, o)
		}
		if !sameIndexes(before.Indexes[name], after.Indexes[name]) {
			w.Add(Effect{Impact: Impact{Class: Backfill, Path: "object/" + name + "/indexes",
				Notice: fault.New(fault.Invalid, "catalog.builds_indexes", "object", name)}, Table: name})
		}
	}
}

func key(kind, name string) metadata.Key { return metadata.Key{Kind: kind, Name: name} }

// changedWith reports whether an object has changed although its document has not:
// through a picklist or what its expressions read.
func (o *Object) changedWith(now *Object) bool {
	return !bytes.Equal(o.SchemaJSON, now.SchemaJSON) || !slices.Equal(o.Table.Columns, now.Table.Columns) ||
		slices.ContainsFunc(now.Fields, func(f *Field) bool {
			before := o.byName[f.Name]
			return before == nil || !sameConstants(before.Required, f.Required) || f.Rows != nil && !sameInRows(before.Rows, f.Rows)
		}) ||
		slices.ContainsFunc(now.Rules, func(r *Rule) bool { return !r.sameConstants(o) }) ||
		slices.ContainsFunc(now.Computed, func(f *Field) bool { return !sameComputation(o.byName[f.Name], f) }) ||
		slices.ContainsFunc(now.Rollups, func(r *Rollup) bool { return !sameRollup(o.rollup(o.byName[r.Field.Name]), r) })
}

// weigher tells the effects of changed objects.
type weigher struct{ *Comparison }

// known reports whether a path can be read from the tables as they are before the
// change. A new field that nothing fills in can be as well: it is empty.
func (w weigher) known(o *Object, p expression.Path) (stored, certain bool) {
	names := make([]string, 0, len(p.Via)+1)
	for _, s := range p.Via {
		names = append(names, s.Name)
	}
	for _, name := range append(names, p.Leaf.Name) {
		f := o.byName[name]
		if f.Column.Storage == fieldtype.None {
			return true, f.Formula != nil && w.knowsAll(o, f.Formula)
		}
		if old := w.Before.Objects[o.Doc.Name]; old == nil || !slices.Contains(append(old.Table.Columns, query.ID), f.Column) {
			return false, !computed(f) && f.Initial == nil && f.Default == nil
		}
		o = f.Target
	}
	return true, true
}

// knowsAll reports whether everything that a program reads is stored already.
func (w weigher) knowsAll(o *Object, p *expression.Program) bool {
	for _, path := range p.Paths() {
		if stored, certain := w.known(o, path); !stored || !certain {
			return false
		}
	}
	return true
}

// object compares an object with what it becomes.
func (w weigher) object(old, o *Object) {
	for _, f := range old.Fields {
		if o.byName[f.Name] == nil {
			w.removed(o, f)
		}
	}
	for _, f := range o.Fields {
		before := old.byName[f.Name]
		if before == nil {
			w.added(o, f)
		} else if !f.System {
			w.changed(o, before, f)
		}
	}
	if searchedAnew(old, o) {
		w.Add(Effect{Impact: Impact{Class: Backfill, Path: "object/" + o.Doc.Name + "/search",
			Notice: fault.New(fault.Invalid, "catalog.finds_words", "object", o.Doc.Name)}, Table: o.Table.Name})
	}
	w.rollups(old, o)
	w.rules(old, o)
	w.unique(old, o)
	w.stages(old, o)
}

func (o *Object) path(f *Field) string { return "object/" + o.Doc.Name + "/fields/" + f.Name }

func filled(f *Field) query.Filter {
	return query.Compare{Ref: query.Field(f.Column), Op: query.Ne, Value: nil}
}

func empty(f *Field) query.Filter {
	return query.Is(f.Column, nil)
}

// computed reports whether a field's values follow from others: nothing is lost
// with them.
func computed(f *Field) bool { return is[fieldtype.Computes](f.Value) || isRollup(f) }

func (w weigher) removed(o *Object, f *Field) {
	if computed(f) || f.Column.Storage == fieldtype.None {
		w.Add(Effect{Impact: Impact{Class: Free, Path: o.path(f),
			Notice: fault.New(fault.Invalid, "catalog.removes_computed", "field", f.Name, "object", o.Doc.Name)}, silent: true})
		return
	}
	w.Add(Effect{Impact: Impact{Class: Destructive, Path: o.path(f),
		Notice: fault.New(fault.Invalid, "catalog.removes_field", "field", f.Name, "object", o.Doc.Name)},
		Table: o.Table.Name, Where: filled(f)})
}

func (w weigher) added(o *Object, f *Field) {
	switch {
	case f.Column.Storage != fieldtype.None && (computed(f) || given(f)):
		w.failures(o, f)
		w.Add(Effect{Impact: Impact{Class: Backfill, Path: o.path(f),
			Notice: fault.New(fault.Invalid, "catalog.fills_field", "field", f.Name, "object", o.Doc.Name)}, Table: o.Table.Name})
	case f.Doc.Required != nil:
		w.required(o, f)
	default:
		w.Add(Effect{Impact: Impact{Class: Free, Path: o.path(f),
			Notice: fault.New(fault.Invalid, "catalog.adds_field", "field", f.Name, "object", o.Doc.Name)}, silent: true})
	}
}

func (w weigher) changed(o *Object, before, f *Field) {
	switch {
	case computed(before) && computed(f):
		if f.Column.Storage != fieldtype.None && !sameComputation(before, f) && (!isRollup(f) || o.rollup(f) == nil) {
			w.failures(o, f)
			w.Add(Effect{Impact: Impact{Class: Backfill, Path: o.path(f),
				Notice: fault.New(fault.Invalid, "catalog.computes_again", "field", f.Name, "object", o.Doc.Name)}, Table: o.Table.Name})
		}
		return
	case !computed(before) && (computed(f) || before.Column != f.Column):
		w.Add(Effect{Impact: Impact{Class: Destructive, Path: o.path(f), Notice: changesType(o, before, f)},
			Table: o.Table.Name, Where: filled(before)})
		return
	}
	if f.Doc.Required != nil && !(sameCondition(before.Doc.Required, f.Doc.Required) && sameConstants(before.Required, f.Required)) {
		w.required(o, f)
	}
	if f.Key.Storage != fieldtype.None && before.Key.Storage == fieldtype.None || f.Exact.Storage != fieldtype.None && before.Exact.Storage == fieldtype.None {
		w.Add(Effect{Impact: Impact{Class: Backfill, Path: o.path(f),
			Notice: fault.New(fault.Invalid, "catalog.keys_field", "field", f.Name, "object", o.Doc.Name)},
			Table: o.Table.Name, Where: filled(f)})
	}
	if f.Rows != nil && !sameInRows(before.Rows, f.Rows) {
		w.Add(Effect{Impact: Impact{Class: Backfill, Path: o.path(f),
			Notice: fault.New(fault.Invalid, "catalog.computes_again", "field", f.Name, "object", o.Doc.Name)}, Table: o.Table.Name})
	}
	if f.ChooseWhen != nil && !sameProgram(before.ChooseWhen, f.ChooseWhen) {
		w.Add(Effect{Impact: Impact{Class: Narrowing, Path: o.path(f),
			Notice: fault.New(fault.Invalid, "catalog.narrows_choice", "field", f.Name, "object", o.Doc.Name)}, silent: true})
	}
	if w.rows(o, o.path(f), before, f) {
		return // what else its rows refuse comes of that
	}
	if f.Column.Storage == fieldtype.None || computed(before) {
		return
	}
	if is[fieldtype.Refers](f.Value) && bytes.Equal(before.Doc.Settings, f.Doc.Settings) {
		return // the objects that there are have changed, which is told as such
	}
	e := Effect{Table: o.Table.Name, Where: filled(f), read: []query.Ref{query.Field(f.Column)}, check: refuses(before.Value, f.Value)}
	switch {
	case before.Doc.Type != f.Doc.Type:
		e.Impact = Impact{Class: Destructive, Path: o.path(f), Notice: fault.New(fault.Invalid, "catalog.keeps_values",
			"field", f.Name, "object", o.Doc.Name, "from", before.Doc.Type, "to", f.Doc.Type)}
	case narrower(before, f):
		e.Impact = Impact{Class: Narrowing, Path: o.path(f), Notice: fault.New(fault.Invalid, "catalog.narrows_field", "field", f.Name, "object", o.Doc.Name)}
		e.mild = !fewerOptions(before, f)
	case !sameSchema(before.Value.Schema(), f.Value.Schema()):
		e = Effect{Impact: Impact{Class: Free, Path: o.path(f), Notice: fault.New(fault.Invalid, "catalog.changes_settings", "path", o.path(f))}, silent: true}
	default:
		return
	}
	w.Add(e)
}

// rows tells of the values in child rows that are lost with a field of the rows, and
// whether there are any such fields. The path and the column are those of the field
// that has the rows.
func (w weigher) rows(o *Object, path string, before, f *Field) (lost bool) {
	if before.Rows == nil || f.Rows == nil {
		return false
	}
	var compare func(path string, trail []string, was, is *Rows)
	compare = func(path string, trail []string, was, is *Rows) {
		for _, had := range was.Fields {
			at, name := path+"/fields/"+had.Name, strings.Join(append(trail, had.Name), ".")
			now := is.byName[had.Name]
			notice := fault.New(fault.Invalid, "catalog.removes_field", "field", name, "object", o.Doc.Name)
			switch {
			case computed(had):
				continue
			case now != nil && !computed(now) && columnOf("", had.Value) == columnOf("", now.Value):
				if had.Rows != nil && now.Rows != nil {
					compare(at, append(trail, had.Name), had.Rows, now.Rows)
				}
				continue
			case now != nil:
				notice = changesType(o, had, now)
				notice.Params["field"] = name
			}
			lost = true
			w.Add(Effect{Impact: Impact{Class: Destructive, Path: at, Notice: notice}, Table: o.Table.Name, Where: filled(before),
				read: []query.Ref{query.Field(before.Column)}, check: holdsInRows(before.Value, append(slices.Clone(trail[1:]), had.Name))})
		}
	}
	compare(path, []string{f.Name}, before.Rows, f.Rows)
	return lost
}

// holdsInRows tells whether a value stands at a path in child rows.
func holdsInRows(v fieldtype.Value, path []string) func(values []any) (bool, error) {
	var holds func(v fieldtype.Value, stored any, path []string) (bool, error)
	holds = func(v fieldtype.Value, stored any, path []string) (bool, error) {
		nests, ok := v.(fieldtype.Nests)
		if stored == nil || len(path) == 0 || !ok {
			return stored != nil, nil
		}
		rows, err := fieldtype.Rows(nests, stored.(json.RawMessage))
		if err != nil {
			return false, err
		}
		for _, row := range rows {
			if there, err := holds(nests.Fields()[path[0]].Value, row[path[0]], path[1:]); there || err != nil {
				return there, err
			}
		}
		return false, nil
	}
	return func(values []any) (bool, error) { return holds(v, values[0], path) }
}

// changesType tells of values that a field does not take over: its type is another,
// or its digits after the point, or the object that it refers to.
func changesType(o *Object, before, f *Field) *fault.Fault {
	from, to := before.Doc.Type, f.Doc.Type
	if from == to {
		was, is := before.Value, f.Value
		switch {
		case scaleOf(was) != scaleOf(is):
			return fault.New(fault.Invalid, "catalog.changes_scale", "field", f.Name, "object", o.Doc.Name, "from", scaleOf(was), "to", scaleOf(is))
		case formOf(was) != formOf(is):
			from, to = from+" "+formOf(was), to+" "+formOf(is)
		}
	}
	return fault.New(fault.Invalid, "catalog.changes_type", "field", f.Name, "object", o.Doc.Name, "from", from, "to", to)
}

func sameCondition(a, b *metadata.Condition) bool {
	return a != nil && b != nil && *a == *b
}

// narrower reports whether a field may refuse what it took before: an option is gone,
// or its values' schema does not take all that the former took. The count tells
// whether it does.
func narrower(before, f *Field) bool {
	return fewerOptions(before, f) || !takesAll(before.Value.Schema(), f.Value.Schema())
}

// fewerOptions reports whether an option that could be chosen no longer can.
func fewerOptions(before, f *Field) bool {
	if before.Rows != nil && f.Rows != nil {
		return slices.ContainsFunc(f.Rows.Fields, func(now *Field) bool {
			had := before.Rows.byName[now.Name]
			return had != nil && fewerOptions(had, now)
		})
	}
	was, ok := before.Value.(fieldtype.Chooses)
	is, too := f.Value.(fieldtype.Chooses)
	if !ok || !too || !fieldtype.Restricted(f.Value) {
		return false
	}
	for name, option := range was.Options() {
		if inactive(is.Options()[name]) && !inactive(option) {
			return true
		}
	}
	return false
}

func sameSchema(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

// takesAll reports whether a schema takes all that a former one took, as far as its
// bounds and lists tell; what differs otherwise may be refused.
func takesAll(before, now any) bool {
	was, ok := before.(map[string]any)
	is, too := now.(map[string]any)
	if !ok || !too {
		return sameSchema(before, now)
	}
	for keyword := range was {
		if _, kept := is[keyword]; !kept && !bounds[keyword] {
			return false
		}
	}
	for keyword, limit := range is {
		former, had := was[keyword]
		switch {
		case !had:
			return false
		case sameSchema(former, limit):
		case keyword == "items":
			if !takesAll(former, limit) {
				return false
			}
		case keyword == "properties":
			properties := limit.(map[string]any)
			for name, property := range former.(map[string]any) {
				if !takesAll(property, properties[name]) {
					return false
				}
			}
		case keyword == "enum":
			if slices.ContainsFunc(former.([]any), func(v any) bool { return !slices.Contains(limit.([]any), v) }) {
				return false
			}
		case !wider(keyword, former, limit):
			return false
		}
	}
	return true
}

// bounds are the keywords without which a schema takes more.
var bounds = map[string]bool{"maxLength": true, "maximum": true, "maxItems": true, "minLength": true, "minimum": true, "minItems": true,
	"pattern": true, "enum": true, "required": true}

// wider reports whether one bound leaves more room than another of the same keyword.
func wider(keyword string, before, now any) bool {
	a, ok := new(big.Rat).SetString(fmt.Sprint(before))
	b, too := new(big.Rat).SetString(fmt.Sprint(now))
	switch {
	case !ok || !too:
		return false
	case strings.HasPrefix(keyword, "max"):
		return b.Cmp(a) > 0
	}
	return strings.HasPrefix(keyword, "min") && b.Cmp(a) < 0
}

func inactive(o *metadata.Option) bool { return o == nil || o.Active != nil && !*o.Active }

// refuses tells whether a value that is stored would not be taken any more.
func refuses(before, now fieldtype.Value) func(values []any) (bool, error) {
	return func(values []any) (bool, error) {
		if values[0] == nil {
			return false, nil
		}
		shown, problem := metadata.ReadJSON(before.AppendJSON(nil, values[0]), metadata.Limits{Bytes: metadata.MaxDocument, Depth: metadata.MaxDepth})
		if problem != nil {
			return false, problem
		}
		taken, problem := now.Coerce(shown)
		// What is taken for something else (an option, by the label of another) is
		// refused where it is stored.
		return problem != nil || !reflect.DeepEqual(taken, values[0]), nil
	}
}

// required counts the records in which a required field is empty.
func (w weigher) required(o *Object, f *Field) {
	e := Effect{Impact: Impact{Class: Narrowing, Path: o.path(f),
		Notice: fault.New(fault.Invalid, "catalog.requires_field", "field", f.Name, "object", o.Doc.Name)}, Table: o.Table.Name}
	if f.Column.Storage == fieldtype.None {
		return // nobody can fill it in
	}
	if stored, _ := w.known(o, expression.Path{Leaf: f.Symbol()}); stored {
		e.Where = empty(f)
	}
	if f.Required != nil {
		w.holds(o, &e, f.Required, true)
	}
	w.Add(e)
}

// holds narrows an effect to the records for which a condition holds, or does not:
// in the store where the condition is queryable, by looking at each otherwise.
func (w weigher) holds(o *Object, e *Effect, p *expression.Program, wanted bool) {
	if !stable(p) {
		e.silent = true // depends on who saves, or on what it was before
		return
	}
	missing := map[string]bool{}
	for _, path := range p.Paths() {
		stored, certain := w.known(o, path)
		if !stored {
			missing[pathName(path)] = true
		}
		e.silent = e.silent || !certain
	}
	if e.silent {
		return // depends on what is only computed after the change
	}
	if p.Queryable() && !p.UsesClock() && len(missing) == 0 {
		if filter, err := p.Filter(sample{}); err == nil {
			if !wanted {
				filter = query.Not{Filter: filter}
			}
			e.Where = query.And(e.Where, filter)
			return
		}
	}
	if e.check != nil {
		e.silent = true // one condition that must be looked at is counted, not two
		return
	}
	e.read, e.check = evaluated(p, wanted, missing, w.Now)
	if e.read == nil {
		e.silent = true
	}
}

// stable reports whether a condition's answer follows from the stored record alone.
func stable(p *expression.Program) bool {
	if p.UsesUser() {
		return false
	}
	for _, path := range p.Paths() {
		if path.Root != "" {
			return false
		}
	}
	return true
}

// rules counts the records that break new or stricter rules.
func (w weigher) rules(old, o *Object) {
	for _, r := range o.Rules {
		if before := old.Doc.Rules[r.Name]; before != nil && before.Must == r.Doc.Must && before.When == r.Doc.When && slices.Equal(before.On, r.Doc.On) && r.sameConstants(old) {
			continue
		}
		e := Effect{Impact: Impact{Class: Narrowing, Path: "object/" + o.Doc.Name + "/rules/" + r.Name,
			Notice: fault.New(fault.Invalid, "catalog.adds_rule", "rule", r.Name, "object", o.Doc.Name)}, Table: o.Table.Name}
		if r.When != nil {
			w.holds(o, &e, r.When, true)
		}
		if !e.silent {
			w.holds(o, &e, r.Must, false)
		}
		if !r.OnSave {
			e.silent = true // asked of new records only
		}
		w.Add(e)
	}
}

// sameConstants reports whether a rule reads the same of the constants as the rule of its
// name did before.
func (r *Rule) sameConstants(old *Object) bool {
	at := slices.IndexFunc(old.Rules, func(had *Rule) bool { return had.Name == r.Name })
	return at >= 0 && sameConstants(old.Rules[at].Must, r.Must) && sameConstants(old.Rules[at].When, r.When)
}

// unique counts the records that share the values of a new key.
func (w weigher) unique(old, o *Object) {
	for _, k := range o.Unique {
		if slices.ContainsFunc(old.Unique, func(had *UniqueKey) bool { return had.Index == k.Index }) {
			continue
		}
		fresh := false // with a field that is new nothing can be twice
		e := Effect{Table: o.Table.Name, unique: true}
		for _, f := range k.Fields {
			before := old.byName[f.Name]
			fresh = fresh || before == nil || before.Column != f.Column
			e.read = append(e.read, query.Field(f.Column))
			var fold func(any) string
			if folds, ok := f.Value.(fieldtype.Folds); ok && k.Compared(f) == f.Key {
				fold = folds.Fold
			}
			e.fold = append(e.fold, fold)
		}
		e.Impact = Impact{Class: Narrowing, Path: "object/" + o.Doc.Name + "/unique/" + k.Name,
			Notice: fault.New(fault.Invalid, "catalog.adds_key", "key", k.Name, "object", o.Doc.Name)}
		if !fresh {
			w.Add(e)
		}
	}
}

// stages counts the records that lack what their stage newly requires.
func (w weigher) stages(old, o *Object) {
	if o.Stages == nil {
		return
	}
	for _, name := range byName(o.Stages.ByName) {
		s := o.Stages.ByName[name]
		var had []string
		if old.Stages != nil && old.Stages.ByName[name] != nil {
			had = old.Stages.ByName[name].Doc.Required
		}
		for _, f := range s.Required {
			if slices.Contains(had, f.Name) || f.Column.Storage == fieldtype.None {
				continue
			}
			if stored, _ := w.known(o, expression.Path{Leaf: f.Symbol()}); !stored {
				continue // told as a new field
			}
			in := query.Is(o.Stages.Field.Column, name)
			w.Add(Effect{Impact: Impact{Class: Narrowing, Path: "object/" + o.Doc.Name + "/stages/" + name + "/required/" + f.Name,
				Notice: fault.New(fault.Invalid, "catalog.stage_requires", "field", f.Name, "stage", name, "object", o.Doc.Name)},
				Table: o.Table.Name, Where: query.All{in, empty(f)}})
		}
	}
}

// rollups are recomputed where what they count has changed.
func (w weigher) rollups(old, o *Object) {
	for _, r := range o.Rollups {
		before := old.byName[r.Field.Name]
		if before == nil || sameRollup(old.rollup(before), r) {
			continue // a new one is told as a new field
		}
		w.Add(Effect{Impact: Impact{Class: Backfill, Path: o.path(r.Field),
			Notice: fault.New(fault.Invalid, "catalog.computes_again", "field", r.Field.Name, "object", o.Doc.Name)}, Table: o.Table.Name})
	}
}
