package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"formwork/engine/budget"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Change is what is asked of Plan and Apply. A document replaces the tenant's own
// of the same key; where a package has that key, it is a merge patch on the
// package's. With Merge it is a merge patch on what the tenant's own document says, or
// makes that where there is none. Delete removes the tenant's own document, or, where there is none,
// hides the package's; Hide hides the package's whatever the tenant has of its own. A
// document that says nothing but its kind and name is the package's as it is.
type Change struct {
	Documents []json.RawMessage `json:"documents,omitempty" schema:"Document"`
	Delete    []metadata.Key    `json:"delete,omitempty"`
	Hide      []metadata.Key    `json:"hide,omitempty"`
	// Merge keeps what the tenant's own documents say and the change does not speak of.
	Merge bool `json:"merge,omitempty"`
	// Over is a layer over all that is effective: each of its documents is a patch on the
	// effective one, or hides it.
	Over []metadata.Document `json:"-"`
	// Base is the revision that the change was made for; 0: whatever is the newest.
	Base    int64  `json:"base,omitempty"`
	Message string `json:"message,omitempty"`
	// Allow names what the change may destroy, by the path of its impact, or by a pattern
	// in which * is any text: "object/account/fields/*".
	Allow []string `json:"allow,omitempty"`
	// Author is on whose behalf it is made, who may give no rights that they do not have;
	// nil: the program itself.
	Author *policy.Caller `json:"-"`
}

// Limits of one change.
const (
	MaxDocuments = 5_000
	MaxMessage   = 1_000 // bytes
)

// Plan is what a change would do.
type Plan struct {
	Base     int64             // the revision it was planned for
	Problems []*fault.Fault    // why it can't be applied; sorted. See Build for the pointers
	Changes  []metadata.Change // of the effective documents
	Impact   []Impact          // on live data; empty if there are problems
	Warnings []*fault.Fault    // what the change allows and probably should not; sorted, with the pointers of problems
}

// Result is what Apply did.
type Result struct {
	Revision int64
	Plan
}

// draft is a change that has been checked.
type draft struct {
	base, target *state
	plan         Plan
	effects      []Effect
	reader       *policy.Caller // whom the plan is told; nil: the program
	vacant       []string       // objects that are removed without being named, since they have no records
}

// Plan tells what a change would do, and does nothing. Fault "catalog.stale"
// (Conflict) if change.Base is not the newest revision.
func (c *Catalog) Plan(ctx context.Context, t store.Tenant, change Change) (*Plan, error) {
	base, done, err := c.begin(ctx, t)
	if err != nil {
		return nil, err
	}
	defer done()
	d, err := c.draft(ctx, t, base, change)
	if err != nil {
		return nil, err
	}
	if err := d.checkTeams(ctx, t); err != nil {
		return nil, err
	}
	if err := c.measure(ctx, t, d); err != nil {
		return nil, err
	}
	return &d.plan, nil
}

// Apply makes a change: the new revision is durable and in use when it returns.
// Indexes, backfills and roll-ups that it needs follow as jobs. Faults:
// "catalog.stale" (Conflict) if change.Base is not the newest revision,
// "catalog.invalid" (Invalid) with every problem, "catalog.destructive" (Invalid)
// with everything that the change destroys without naming it.
func (c *Catalog) Apply(ctx context.Context, t store.Tenant, change Change, by id.ID) (*Result, error) {
	return c.retry(change.Base, func() (*Result, error) {
		base, done, err := c.begin(ctx, t)
		if err != nil {
			return nil, err
		}
		defer done()
		d, err := c.draft(ctx, t, base, change)
		if err != nil {
			return nil, err
		}
		if err := d.checkTeams(ctx, t); err != nil {
			return nil, err
		}
		return c.make(ctx, t, d, change.Message, by)
	})
}

// retry does again what lost against another change although it did not ask for a
// certain base.
func (c *Catalog) retry(base int64, try func() (*Result, error)) (*Result, error) {
	const tries = 20
	for i := 1; ; i++ {
		result, err := try()
		if base != 0 || i == tries || !fault.Is(err, "catalog.stale") {
			return result, err
		}
	}
}

// begin waits for the tenant's turn to make a draft, and gives the newest state to make
// it on. The caller calls done once it is through with the draft.
func (c *Catalog) begin(ctx context.Context, t store.Tenant) (base *state, done func(), err error) {
	budget.From(ctx).Rest() // drafts have fewer turns than requests have places
	if done, err = c.turns.draft(ctx, t.Name()); err != nil {
		return nil, nil, err
	}
	if base, err = c.newest(ctx, t); err != nil {
		done()
		return nil, nil, err
	}
	return base, done, nil
}

// make commits a draft.
func (c *Catalog) make(ctx context.Context, t store.Tenant, d *draft, message string, by id.ID) (*Result, error) {
	if len(d.plan.Problems) > 0 {
		return nil, fault.All(fault.Invalid, "catalog.invalid", d.plan.Problems)
	}
	if len(message) > MaxMessage {
		return nil, fault.New(fault.Invalid, "catalog.long_message", "max", MaxMessage).At("/message")
	}
	if d.destroys() {
		if err := c.measure(ctx, t, d); err != nil {
			return nil, err
		}
		if d.destroys() {
			return nil, d.refusal()
		}
	}
	if d.unchanged() {
		return &Result{Revision: d.base.mark.revision, Plan: d.plan}, nil
	}
	with, tables, err := c.consequences(ctx, t, d)
	if err != nil {
		return nil, err
	}
	if len(tables) > 0 {
		// Before the commit: who sees the revision must find its columns. Columns that
		// are defined for a revision that is then refused stay empty and do no harm.
		if err := t.Define(ctx, tables...); err != nil {
			return nil, fmt.Errorf("defining tables: %w", err)
		}
	}
	with.message, with.by, with.changes = message, by, d.plan.Changes
	if err := c.commit(ctx, t, d.base, d.target, with); err != nil {
		return nil, err
	}
	return &Result{Revision: d.target.mark.revision, Plan: d.plan}, nil
}

// unchanged reports whether no document of any layer differs.
func (d *draft) unchanged() bool {
	return slices.EqualFunc(d.base.layers(), d.target.layers(), func(a, b layer) bool {
		return a.name == b.name && slices.EqualFunc(a.documents, b.documents, func(a, b metadata.Document) bool {
			return a.Key == b.Key && string(a.Body) == string(b.Body)
		})
	})
}

// draft applies a change to the tenant's own layer and checks the outcome.
func (c *Catalog) draft(ctx context.Context, t store.Tenant, base *state, change Change) (*draft, error) {
	if change.Base != 0 && change.Base != base.mark.revision {
		return nil, fault.New(fault.Conflict, "catalog.stale", "base", change.Base, "newest", base.mark.revision)
	}
	if len(change.Documents)+len(change.Delete)+len(change.Hide)+len(change.Over) > MaxDocuments {
		return nil, fault.New(fault.TooLarge, "catalog.too_many_documents", "max", MaxDocuments)
	}
	own, dropped, problems := changedLayer(base, change)
	target := &state{packages: base.packages, own: own}
	if len(problems) > 0 {
		problems = append(problems, c.misformed(base, target)...)
		return &draft{base: base, target: target, plan: Plan{Base: base.mark.revision, Problems: bounded(problems)}}, nil
	}
	d, err := c.check(ctx, t, base, target, change.Allow, change.Author)
	if err != nil {
		return nil, err
	}
	d.plan.Warnings = bounded(append(d.plan.Warnings, dropped...))
	return d, nil
}

// misformed tells what is wrong with each changed document by itself, where they can't
// be looked at together.
func (c *Catalog) misformed(base, target *state) (problems []*fault.Fault) {
	before := base.snapshot.Documents
	for _, d := range target.effective() {
		if len(problems) >= maxProblems {
			break
		}
		if string(before[d.Key].Body) == string(d.Body) {
			continue
		}
		for _, problem := range c.schemas.Check(d.Kind, d.Body) {
			problems = append(problems, problem.Under(pointerTo(d.Kind, d.Name)))
		}
	}
	return problems
}

// check compiles a target and finds what it does to the data under base, and what it gives
// that its author, if there is one, may not give.
func (c *Catalog) check(ctx context.Context, t store.Tenant, base, target *state, allow []string, author *policy.Caller) (*draft, error) {
	d := &draft{base: base, target: target, plan: Plan{Base: base.mark.revision}, reader: author}
	effective := target.effective()
	d.plan.Changes = metadata.Diff(base.effective(), effective)
	snapshot, problems, err := c.build(ctx, c.checked(), base.mark.revision+1, effective, base)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		d.plan.Problems = problems
		return d, nil
	}
	if d.plan.Problems, err = c.beyondAuthor(ctx, t, author, base.snapshot, snapshot); err != nil || len(d.plan.Problems) > 0 {
		return d, err
	}
	target.snapshot = snapshot
	d.effects = c.o.Kinds.effects(base.snapshot, snapshot, c.o.Now())
	for i := range d.effects {
		e := &d.effects[i]
		e.Allowed = e.Class == Destructive && allows(allow, e.Path)
	}
	d.plan.Impact = impacts(d.effects)
	d.plan.Warnings = bounded(append(c.o.Kinds.warnings(base.snapshot, snapshot), untranslated(snapshot, d.plan.Changes)...))
	return d, nil
}

// destroys reports whether the change destroys what it does not name.
func (d *draft) destroys() bool {
	return slices.ContainsFunc(d.plan.Impact, func(i Impact) bool { return i.Class == Destructive && !i.Allowed })
}

// refusal is the fault that lists what would be destroyed, with the number of records
// that hold it.
func (d *draft) refusal() error {
	var paths []string
	var several []*fault.Fault
	for _, i := range d.plan.Impact {
		if i.Class == Destructive && !i.Allowed {
			paths = append(paths, i.Path)
			told := *i.Notice
			told.Params = map[string]any{"path": i.Path}
			maps.Copy(told.Params, i.Notice.Params)
			if i.Records != nil {
				told.Params["records"] = *i.Records
			}
			several = append(several, told.At("/"+i.Path))
		}
	}
	refused := fault.From(fault.All(fault.Invalid, "catalog.destructive", several))
	refused.Params = map[string]any{"allow": strings.Join(paths, ", ")}
	return refused
}

// changedLayer is the tenant's own layer after a change, every document of it the
// smallest that says the same. dropped tells what earlier overlays said and those that
// replace them do not.
func changedLayer(base *state, change Change) (documents []metadata.Document, dropped, problems []*fault.Fault) {
	below := map[metadata.Key]metadata.Document{}
	for _, d := range base.base() {
		below[d.Key] = d
	}
	own := map[metadata.Key]metadata.Document{}
	for _, d := range base.own {
		own[d.Key] = d
	}
	seen := map[metadata.Key]bool{}
	for i, key := range change.Delete {
		_, mine := own[key]
		_, beneath := below[key]
		switch {
		case seen[key]:
			problems = append(problems, fault.New(fault.Invalid, "catalog.twice", "key", key.String()).At("/delete"+index(i)))
		case mine && own[key].Hides():
			problems = append(problems, nothingToDelete(key, below, own).At("/delete"+index(i)))
		case mine:
			delete(own, key)
		case beneath:
			own[key] = metadata.Hide(key)
		default:
			problems = append(problems, nothingToDelete(key, below, own).At("/delete"+index(i)))
		}
		seen[key] = true
	}
	for i, key := range change.Hide {
		switch _, beneath := below[key]; {
		case seen[key]:
			problems = append(problems, fault.New(fault.Invalid, "catalog.twice", "key", key.String()).At("/hide"+index(i)))
		case beneath:
			own[key] = metadata.Hide(key)
		default:
			problems = append(problems, nothingToDelete(key, below).At("/hide"+index(i)))
		}
		seen[key] = true
	}
	for i, raw := range change.Documents {
		d, wrong := metadata.Parse(raw)
		if len(wrong) == 0 && seen[d.Key] {
			wrong = []*fault.Fault{fault.New(fault.Invalid, "catalog.twice", "key", d.Key.String())}
		}
		for _, problem := range wrong {
			problems = append(problems, problem.Under("/documents"+index(i)))
		}
		if len(wrong) > 0 {
			continue
		}
		seen[d.Key] = true
		before, had := own[d.Key]
		beneath, overlays := below[d.Key]
		layers := make([][]metadata.Document, 0, 3)
		if overlays {
			layers = append(layers, []metadata.Document{beneath})
		}
		if had && change.Merge && !before.Hides() {
			layers = append(layers, []metadata.Document{before})
		}
		overlay, ok := overlayOf(below, metadata.Effective(append(layers, []metadata.Document{d})...)[0])
		if ok {
			own[d.Key] = overlay
		} else {
			delete(own, d.Key)
		}
		if had && overlays && !change.Merge && !before.Hides() && !barely(d) {
			dropped = append(dropped, droppedFrom(before, d)...)
		}
	}
	layOver(own, below, base, change.Over)
	for _, d := range own {
		documents = append(documents, d)
	}
	return sortedDocuments(documents), dropped, problems
}

func nothingToDelete(key metadata.Key, layers ...map[metadata.Key]metadata.Document) *fault.Fault {
	var names []string
	for _, l := range layers {
		for k, d := range l {
			if k.Kind == key.Kind && !d.Hides() {
				names = append(names, k.Name)
			}
		}
	}
	if near, ok := metadata.Nearest(key.Name, names); ok && near != key.Name {
		return fault.New(fault.Invalid, "catalog.unknown_document_near", "kind", key.Kind, "name", key.Name, "suggestion", near)
	}
	return fault.New(fault.Invalid, "catalog.unknown_document", "kind", key.Kind, "name", key.Name)
}

func sortedDocuments(documents []metadata.Document) []metadata.Document {
	slices.SortFunc(documents, func(a, b metadata.Document) int { return metadata.CompareKeys(a.Key, b.Key) })
	return documents
}

// consequences are the jobs and removals of a draft, and the tables to define.
func (c *Catalog) consequences(ctx context.Context, t store.Tenant, d *draft) (commitment, []store.Table, error) {
	var with commitment
	var tables []store.Table
	before, after := d.base.snapshot, d.target.snapshot
	plan := worker{}
	for _, name := range byName(after.Objects) {
		o, old := after.Objects[name], before.Objects[name]
		if old == nil {
			tables = append(tables, after.Table(o))
			back, err := c.wasRemoved(ctx, t, o.Table.Name)
			if err != nil {
				return with, nil, err
			}
			if back {
				with.kept = append(with.kept, removalsOf(o)...)
				plan.index = append(plan.index, name)
				plan.refill(o)
			}
			continue
		}
		had := map[string]bool{}
		for _, column := range old.Table.Columns {
			had[column.Name] = true
		}
		grown := old.Table.Search != o.Table.Search
		for _, column := range o.Table.Columns {
			if !had[column.Name] {
				grown = true
				with.kept = append(with.kept, removal{o.Table.Name, column.Name})
			}
			delete(had, column.Name)
		}
		if grown {
			tables = append(tables, after.Table(o))
		}
		for column := range had {
			with.removed = append(with.removed, removal{o.Table.Name, column})
		}
		if !sameIndexes(before.Indexes[name], after.Indexes[name]) {
			plan.index = append(plan.index, name)
		}
		plan.compare(old, o)
	}
	for _, name := range byName(before.Objects) {
		if after.Objects[name] == nil {
			with.removed = append(with.removed, removalsOf(before.Objects[name])...)
		}
	}
	with.vacant = d.vacant
	with.work = append(plan.jobs(after), c.o.Kinds.jobs(before, after)...)
	return with, tables, nil
}

// wasRemoved reports whether a table holds the data of an object that was removed.
func (c *Catalog) wasRemoved(ctx context.Context, t store.Tenant, table string) (bool, error) {
	n, err := t.Count(ctx, removedTable, query.Is(colTable, table), nil, 0)
	if err != nil {
		return false, fmt.Errorf("looking for removed data: %w", err)
	}
	return n > 0, nil
}

func sameIndexes(a, b []store.Index) bool {
	return slices.EqualFunc(a, b, func(a, b store.Index) bool {
		return a.Name == b.Name && a.Unique == b.Unique && slices.Equal(a.Columns, b.Columns)
	})
}

// worker collects the jobs that a change makes necessary.
type worker struct {
	index    []string
	backfill map[string][]string // object -> fields
	rollup   map[string][]string
}

// fill has the records of an object brought up to date, the field's value with them.
func (w *worker) fill(o *Object, f *Field) {
	w.touch(o)
	if !slices.Contains(w.backfill[o.Doc.Name], f.Name) {
		w.backfill[o.Doc.Name] = append(w.backfill[o.Doc.Name], f.Name)
	}
}

// derive has what follows from a field brought up to date, and not the field: where
// it is empty its default is not wanted.
func (w *worker) derive(o *Object, f *Field) {
	if given(f) {
		w.touch(o)
		return
	}
	w.fill(o, f)
}

// touch has the records of an object brought up to date in what is derived.
func (w *worker) touch(o *Object) {
	if w.backfill == nil {
		w.backfill = map[string][]string{}
	}
	if _, ok := w.backfill[o.Doc.Name]; !ok {
		w.backfill[o.Doc.Name] = []string{}
	}
}

// given reports whether a field begins with a value that nobody sent.
func given(f *Field) bool {
	return is[fieldtype.Counts](f.Value) || f.Initial != nil || f.Default != nil
}

func (w *worker) roll(o *Object, f *Field) {
	if w.rollup == nil {
		w.rollup = map[string][]string{}
	}
	w.rollup[o.Doc.Name] = append(w.rollup[o.Doc.Name], f.Name)
}

// refill is for an object whose records are back: everything computed is stale.
func (w *worker) refill(o *Object) {
	for _, f := range o.Computed {
		w.fill(o, f)
	}
	for _, f := range o.Fields {
		if f.Key.Storage != fieldtype.None || f.Exact.Storage != fieldtype.None {
			w.derive(o, f)
		}
	}
	for _, r := range o.Rollups {
		w.roll(o, r.Field)
	}
}

// compare finds the fields of an object whose stored values follow from a change.
func (w *worker) compare(old, o *Object) {
	for _, f := range o.Fields {
		before := old.byName[f.Name]
		switch {
		case f.Column.Storage == fieldtype.None:
		case isRollup(f) && o.rollup(f) != nil:
			if before == nil || !sameRollup(old.rollup(before), o.rollup(f)) {
				w.roll(o, f)
			}
			continue
		case f.Formula != nil || isRollup(f):
			if before == nil || !sameComputation(before, f) {
				w.fill(o, f)
			}
		case before == nil || before.Column != f.Column:
			if given(f) {
				w.fill(o, f)
			}
		case f.Rows != nil && !sameInRows(before.Rows, f.Rows):
			w.touch(o)
		}
		if (f.Key.Storage != fieldtype.None || f.Exact.Storage != fieldtype.None) &&
			(before == nil || before.Key != f.Key || before.Exact != f.Exact || before.Column != f.Column || before.Doc.Type != f.Doc.Type) && (before != nil || f.Formula != nil) {
			w.derive(o, f)
		}
	}
	for _, rule := range o.Dupes {
		for _, m := range rule.Matches {
			if !old.hasMatch(rule.Name, m) {
				w.derive(o, m.Field)
			}
		}
	}
	if searchedAnew(old, o) {
		for _, f := range o.Search {
			w.derive(o, f)
		}
	}
}

// searchedAnew reports whether the words of records come from other columns.
func searchedAnew(old, o *Object) bool {
	if len(old.Search) == len(o.Search) {
		return slices.ContainsFunc(o.Search, func(f *Field) bool {
			return !slices.ContainsFunc(old.Search, func(had *Field) bool { return had.Column == f.Column })
		})
	}
	return len(o.Search) > 0
}

// hasMatch reports whether a duplicate rule had the same key column, made the same way.
func (o *Object) hasMatch(rule string, m *Match) bool {
	for _, r := range o.Dupes {
		if r.Name != rule {
			continue
		}
		for _, had := range r.Matches {
			if had.Key == m.Key && had.Doc.How == m.Doc.How && had.Field.Column == m.Field.Column {
				return true
			}
		}
	}
	return false
}

func isRollup(f *Field) bool { return is[fieldtype.Rolls](f.Value) }

func is[T any](v any) bool { _, ok := v.(T); return ok }

// rollup is what a field rolls up of child records; nil if it does not.
func (o *Object) rollup(f *Field) *Rollup {
	for _, r := range o.Rollups {
		if r.Field == f {
			return r
		}
	}
	return nil
}

// sameComputation reports whether two stored computed fields always have the same value.
func sameComputation(a, b *Field) bool {
	if a.Column != b.Column || isRollup(a) != isRollup(b) {
		return false
	}
	if isRollup(a) {
		return a.Value.(fieldtype.Rolls).Rollup() == b.Value.(fieldtype.Rolls).Rollup() && sameProgram(a.RowFilter, b.RowFilter)
	}
	return a.Formula != nil && sameProgram(a.Formula, b.Formula)
}

// sameProgram reports whether two expressions answer the same of every record: they
// read the same, from the same columns, with the same labels if they show any and the
// same constants.
func sameProgram(a, b *expression.Program) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Source() == b.Source() && sameEmbedded(a, b) &&
		slices.EqualFunc(a.Paths(), b.Paths(), func(x, y expression.Path) bool { return x.Ref().Equal(y.Ref()) })
}

// sameEmbedded reports whether two programs, of which either may be nil, show the same labels
// and have the same constants in them.
func sameEmbedded(a, b *expression.Program) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.EqualFunc(a.Labels(), b.Labels(), maps.Equal) && maps.Equal(a.Constants(), b.Constants())
}

// sameInRows reports whether what is computed in child rows has not changed.
func sameInRows(a, b *Rows) bool {
	return a != nil && !slices.ContainsFunc(b.Fields, func(f *Field) bool {
		before := a.byName[f.Name]
		switch {
		case before == nil:
			return computed(f)
		case computed(f) != computed(before) || columnOf("", f.Value) != columnOf("", before.Value):
			return true
		case f.Rows != nil:
			return !sameInRows(before.Rows, f.Rows)
		}
		return computed(f) && !sameProgram(before.Formula, f.Formula)
	})
}

func sameRollup(a, b *Rollup) bool {
	return a != nil && b != nil && a.Field.Column == b.Field.Column && a.Field.Count == b.Field.Count &&
		a.Field.Value.(fieldtype.Rolls).Rollup() == b.Field.Value.(fieldtype.Rolls).Rollup() &&
		a.Lookup.Column == b.Lookup.Column && sameProgram(a.Filter, b.Filter) &&
		(a.Of == nil) == (b.Of == nil) && (a.Of == nil || a.Of.Column == b.Of.Column) &&
		(a.By == nil) == (b.By == nil) && (a.By == nil || a.By.compared() == b.By.compared())
}

// jobs in the order in which they must run: indexes first, as the others go by
// them; then values, of an object before those that roll it up. A formula on a
// roll-up is computed anew as the roll-up changes.
func (w *worker) jobs(s *Snapshot) []Job {
	var all []Job
	for _, name := range w.index {
		all = append(all, Job{JobIndex, Work{Object: name}})
	}
	for _, name := range byName(w.backfill) {
		all = append(all, Job{JobBackfill, Work{Object: name, Fields: w.backfill[name]}})
	}
	for _, name := range rollOrder(s, byName(w.rollup)) {
		all = append(all, Job{JobRollup, Work{Object: name, Fields: w.rollup[name]}})
	}
	return all
}

// rollOrder puts objects after those whose roll-ups they count, where they do.
func rollOrder(s *Snapshot, names []string) []string {
	var order []string
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		for _, r := range s.Objects[name].Rollups {
			visit(r.Child.Doc.Name)
		}
		if slices.Contains(names, name) {
			order = append(order, name)
		}
	}
	for _, name := range names {
		visit(name)
	}
	return order
}
