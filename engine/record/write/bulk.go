package write

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// MaxOperations bounds the operations of one request.
const MaxOperations = 1000

// Operation is one line of a bulk request.
type Operation struct {
	Op      string   // create, update, upsert, delete, restore
	ID      id.ID    // of update, upsert, delete and restore
	Key     string   // of update and upsert, instead: a unique field or key, whose values are in Data
	Match   []string // of update and upsert, instead: fields, whose values are in Data and need not be unique
	Version int64    // 0: any
	Data    map[string]any
	// At is when a record was made or changed, of what is only recorded now; the zero
	// time: now. It is the record's and the history's time, and what expressions take for
	// now. A record that is made then may begin in any stage. Needs the right
	// import_stages.
	At time.Time
}

// Outcome is what became of an operation: a fault, or what was done.
type Outcome struct {
	ID       id.ID
	Did      string // created, updated, unchanged, deleted, restored; "" with a fault
	Version  int64  // of the record that is there now; 0 of a deleted one
	Warnings []Warning
	Fault    *fault.Fault
}

// Bulk does several operations, in order. Atomic: all of them or, if one is refused,
// none; the outcomes then tell which, and the others have record.rolled_back. Else
// each counts by itself. Pointers of faults are relative to the operation's data.
// Faults of the whole: record.too_many_operations, record.unknown_object, record.needs_right.
func (w *Writer) Bulk(ctx context.Context, object string, ops []Operation, atomic bool) ([]Outcome, error) {
	b, err := w.bulk(ctx, object, ops)
	if err != nil {
		return nil, err
	}
	if atomic {
		err = b.runAll(ctx)
	} else {
		err = b.runEach(ctx, nil)
	}
	if err != nil {
		return nil, err
	}
	return b.outcomes(), nil
}

// BulkWith does several operations, each counting by itself, in one transaction with
// what save writes: it is called at the end, with what became of them, and may be called
// again. An error of save undoes everything.
func (w *Writer) BulkWith(ctx context.Context, object string, ops []Operation, save func(tx store.Tx, outcomes []Outcome) error) error {
	b, err := w.bulk(ctx, object, ops)
	if err != nil {
		return err
	}
	return b.runEach(ctx, func(u *Unit) error {
		return save(u.Tx, b.outcomes())
	})
}

// Check tells what would become of operations, each counting by itself, and changes
// nothing.
func (w *Writer) Check(ctx context.Context, object string, ops []Operation) ([]Outcome, error) {
	var found []Outcome
	err := w.BulkWith(ctx, object, ops, func(_ store.Tx, outcomes []Outcome) error {
		found = outcomes
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return found, nil
	}
	return nil, err
}

// errUndo ends a transaction whose changes are not wanted.
var errUndo = errors.New("nothing is to be kept")

// bulk is a request under way.
type bulk struct {
	w     *Writer
	tasks []task
	ready atomic.Int64 // bytes of the records that were made ready before the transaction, about
}

// readySize is how many bytes of records are made ready before the transaction: those that
// follow are made in it, one after the other.
const readySize = 16 << 20

// task is one operation: what is prepared before the transaction, and what came of it.
type task struct {
	op     Operation
	object *session.Object
	input  *draft.Input
	sought *draft.Input // values of fields that the record is found by and the caller may not write
	match  *matching    // what the record is found by; nil: an id or a key
	ready  *checked     // of a create that was filled and checked before the transaction
	newID  id.ID        // of a create
	// checksOutside: a create that can be filled and checked before the transaction.
	checksOutside bool
	// What came of it: the record, and what was done. Of the record itself nothing is held.
	key      id.ID
	did      string
	version  int64
	warnings []Warning
	// failed: refused for good; refused: in the present run of the transaction.
	failed, refused *fault.Fault
}

func (w *Writer) bulk(ctx context.Context, object string, ops []Operation) (*bulk, error) {
	if len(ops) > MaxOperations {
		return nil, fault.New(fault.TooLarge, "record.too_many_operations", "max", MaxOperations)
	}
	if _, err := w.AnyObject(ctx, object); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(ops, func(op Operation) bool { return !op.At.IsZero() }) {
		if err := w.DemandRight(ctx, "import_stages"); err != nil {
			return nil, err
		}
	}
	b := &bulk{w: w, tasks: make([]task, len(ops))}
	for i, op := range ops {
		b.tasks[i].op = op
		if op.Op == "create" {
			b.tasks[i].newID = w.options.IDs.Next() // here, so that ids are in the order of the operations
		}
	}
	if err := b.prepare(ctx, object); err != nil {
		return nil, err
	}
	b.limitMatches()
	return b, nil
}

// prepare prepares the operations until ctx ends. The records that new ones refer to are
// looked for at once.
func (b *bulk) prepare(ctx context.Context, object string) error {
	if err := b.each(ctx, func(t *task) { t.prepare(ctx, b.w, object) }); err != nil {
		return err
	}
	var inputs []*draft.Input
	for i := range b.tasks {
		if t := &b.tasks[i]; t.checksOutside {
			inputs = append(inputs, t.input)
		}
	}
	known, err := draft.FindReferences(ctx, b.w.Session, b.w.Tenant, inputs)
	if err != nil || len(inputs) == 0 {
		return err
	}
	return b.each(ctx, func(t *task) {
		if b.ready.Load() < readySize {
			b.ready.Add(t.check(ctx, b.w, known))
		}
	})
}

// each calls fn for every operation, on all processors if they are many, until ctx ends.
// The session has loaded the caller's rights, so that nothing of it changes any more.
func (b *bulk) each(ctx context.Context, fn func(t *task)) error {
	const share = 20 // operations that one goroutine takes at a time
	var taken atomic.Int64
	var broken atomic.Pointer[string]
	take := func() {
		defer func() {
			if p := recover(); p != nil {
				text := fmt.Sprintf("preparing an operation: %v\n%s", p, debug.Stack())
				broken.Store(&text)
			}
		}()
		var turn budget.Turn
		for {
			from := int(taken.Add(share)) - share
			if from >= len(b.tasks) || broken.Load() != nil {
				return
			}
			part := b.tasks[from:min(from+share, len(b.tasks))]
			for i := range part {
				if ctx.Err() != nil {
					return
				}
				fn(&part[i])
				turn.Yield()
			}
		}
	}
	more, rest := budget.From(ctx).More(min(runtime.GOMAXPROCS(0), (len(b.tasks)+share-1)/share) - 1)
	defer rest()
	var others sync.WaitGroup
	for range more {
		others.Go(take)
	}
	take()
	others.Wait()
	if text := broken.Load(); text != nil {
		panic(*text) // of this request alone, as if it were not done by others
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("preparing %d operations: %w", len(b.tasks), err)
	}
	return nil
}

// rightOf is what right each operation needs first.
var rightOf = map[string]policy.Action{"create": policy.Create, "update": policy.Update, "upsert": policy.Update,
	"delete": policy.Delete, "restore": policy.Delete}

// writesValues reports whether an operation writes values that were sent with it.
func (op Operation) writesValues() bool { return op.Op != "delete" && op.Op != "restore" }

// targetFault is the fault of an operation that does not say which record it means, or
// says it twice, or says one that is to be made.
func (op Operation) targetFault() *fault.Fault {
	switch {
	case op.Op == "create" && (op.ID != 0 || op.Key != "" || len(op.Match) > 0 || op.Version != 0):
		return fault.New(fault.Invalid, "record.target_given")
	case op.Op == "create":
		return nil
	case op.ID == 0 && (op.Key == "" && len(op.Match) == 0 || !op.writesValues()):
		return fault.New(fault.Invalid, "record.target_missing", "op", op.Op).At("/id")
	case op.Op == "restore" && op.Version != 0:
		return fault.New(fault.Invalid, "record.version_of_restore").At("/version")
	case op.ID != 0 && op.Key != "":
		return fault.New(fault.Invalid, "record.target_twice").At("/key")
	case len(op.Match) > 0 && (op.ID != 0 || op.Key != ""):
		return fault.New(fault.Invalid, "record.target_twice").At("/match")
	}
	return nil
}

// timeFault is the fault of an operation whose time can't be.
func (op Operation) timeFault(now time.Time) *fault.Fault {
	switch {
	case op.At.IsZero():
		return nil
	case !op.writesValues():
		return fault.New(fault.Invalid, "record.at_of_delete")
	case op.At.After(now):
		return fault.New(fault.Invalid, "record.at_in_future", "at", op.At.UTC().Format(stored.TimeFormat))
	case op.At.Before(time.Unix(0, 0)):
		return fault.New(fault.Invalid, "record.at_before_epoch", "at", op.At.UTC().Format(stored.TimeFormat))
	}
	return nil
}

// prepare does what needs no transaction.
func (t *task) prepare(ctx context.Context, w *Writer, object string) {
	action, ok := rightOf[t.op.Op]
	if !ok {
		t.failed = fault.New(fault.Invalid, "record.unknown_operation", "op", session.Shorten(t.op.Op)).At("/op")
		return
	}
	if t.failed = cmp.Or(t.op.targetFault(), t.op.timeFault(w.Clock)); t.failed != nil {
		return
	}
	a, err := w.Object(ctx, object, action)
	if err == nil && t.op.Op == "upsert" {
		_, err = w.Object(ctx, object, policy.Create)
	}
	if err != nil {
		t.failed = fault.From(err)
		return
	}
	t.object = a
	if !t.op.writesValues() {
		return
	}
	sought, written := t.divide()
	t.input, t.sought = draft.NewInput(w.Session, a, written), draft.NewSought(w.Session, a, sought)
	t.input.At = t.op.At
	if len(t.op.Match) > 0 {
		t.failed = fault.From(t.bindMatch(w.Session))
		return
	}
	t.checksOutside = t.op.Op == "create" && !w.createsInside(a)
}

// check fills and checks a record that is made and needs no transaction for that. It returns
// how many bytes are held of it, about.
func (t *task) check(ctx context.Context, w *Writer, known *draft.References) int64 {
	if !t.checksOutside {
		return 0
	}
	ready, err := w.checkNew(ctx, t.object, t.input, t.newID, known)
	if err != nil {
		t.failed = fault.From(err)
		return 0
	}
	t.ready = &ready
	return int64(sizeOf(ready.Row) + len(ready.trail.history) + len(ready.trail.event))
}

// outcomes are the answers, line by line.
func (b *bulk) outcomes() []Outcome {
	outcomes := make([]Outcome, len(b.tasks))
	for i := range b.tasks {
		t := &b.tasks[i]
		if refused := cmp.Or(t.failed, t.refused); refused != nil {
			outcomes[i] = Outcome{ID: t.op.ID, Fault: refused}
			continue
		}
		outcomes[i] = Outcome{ID: t.key, Did: t.did, Version: t.version, Warnings: t.warnings}
	}
	return outcomes
}
