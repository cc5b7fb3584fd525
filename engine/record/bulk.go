package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/store"
)

// Operation is one line of a bulk request.
type Operation struct {
	Op      string // create, update, upsert, delete
	ID      id.ID  // of update, delete and upsert
	Key     string // of update and upsert, instead: a unique field or key, whose values are in Data
	Version int64  // 0: any
	Data    map[string]any
}

// Outcome is what became of an operation: a fault, or what was done.
type Outcome struct {
	ID    id.ID
	Did   string // created, updated, unchanged, deleted; "" with a fault
	Saved *Saved // of what was created or updated
	Fault *fault.Fault
}

// Bounds of what is not all or nothing.
const (
	chunk  = 500 // operations that share a transaction
	reruns = 10  // of a transaction, without an operation that was refused after it had written
)

// Bulk does several operations, in order. Atomic: all of them or, if one is refused,
// none; the outcomes then tell which, and the others have record.rolled_back. Else
// each counts by itself. Pointers of faults are relative to the operation's data.
// Faults of the whole: record.too_many_operations, record.unknown_object.
func (s *Session) Bulk(ctx context.Context, object string, ops []Operation, atomic bool) ([]Outcome, error) {
	b, err := s.bulk(ctx, object, ops)
	if err != nil {
		return nil, err
	}
	if atomic {
		err = b.atomic(ctx)
	} else {
		err = b.each(ctx)
	}
	if err != nil {
		return nil, err
	}
	return b.outcomes(true)
}

// BulkWith does several operations, each counting by itself, in one transaction with
// what save writes: it is called at the end, with what became of them (without Saved),
// and may be called again. An error of save undoes everything. Fault
// record.too_many_refused (Limited) if operations are refused again and again after
// they had written, which only overflowing roll-ups and the like do.
func (s *Session) BulkWith(ctx context.Context, object string, ops []Operation, save func(tx store.Tx, outcomes []Outcome) error) error {
	b, err := s.bulk(ctx, object, ops)
	if err != nil {
		return err
	}
	for range reruns {
		err := b.run(ctx, b.works, func(u *unit) error {
			outcomes, err := b.outcomes(false)
			if err != nil {
				return err
			}
			return save(u.tx, outcomes)
		})
		if !errors.Is(err, errSkip) {
			return err
		}
	}
	return fault.New(fault.Limited, "record.too_many_refused", "max", reruns)
}

// Check tells what would become of operations, each counting by itself, and changes
// nothing. Outcomes have no Saved.
func (s *Session) Check(ctx context.Context, object string, ops []Operation) ([]Outcome, error) {
	var found []Outcome
	err := s.BulkWith(ctx, object, ops, func(_ store.Tx, outcomes []Outcome) error {
		found = outcomes
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return found, nil
	}
	return nil, err
}

var (
	// errSkip ends a transaction so that it is run again without what was refused.
	errSkip = errors.New("an operation was refused after it had written")
	// errUndo ends one whose changes are not wanted.
	errUndo = errors.New("nothing is to be kept")
)

// bulk is a request under way.
type bulk struct {
	s     *Session
	works []work
}

// work is one operation: what is prepared before the transaction, and what came of it.
type work struct {
	op    Operation
	a     *access
	in    *input
	d     *draft // what was written, or a create that is ready
	early bool   // d is ready before the transaction
	made  id.ID  // of a create
	did   string
	key   id.ID
	// failed: refused for good; refused: in the present run of the transaction.
	failed, refused *fault.Fault
}

func (s *Session) bulk(ctx context.Context, object string, ops []Operation) (*bulk, error) {
	if len(ops) > MaxOperations {
		return nil, fault.New(fault.TooLarge, "record.too_many_operations", "max", MaxOperations)
	}
	if _, err := s.reach(ctx, object); err != nil {
		return nil, err
	}
	b := &bulk{s: s, works: make([]work, len(ops))}
	for i, op := range ops {
		b.works[i].op = op
		if op.Op == "create" {
			b.works[i].made = s.service.ids.Next() // here, so that ids are in the order of the operations
		}
	}
	b.prepare(ctx, object)
	return b, nil
}

// prepare prepares the operations, on all processors if they are many. The session has
// loaded the caller's rights, so that nothing of it changes any more.
func (b *bulk) prepare(ctx context.Context, object string) {
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
		for {
			from := int(taken.Add(share)) - share
			if from >= len(b.works) || broken.Load() != nil {
				return
			}
			part := b.works[from:min(from+share, len(b.works))]
			for i := range part {
				part[i].prepare(ctx, b.s, object)
			}
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(b.works)+share-1)/share) - 1 {
		others.Go(take)
	}
	take()
	others.Wait()
	if text := broken.Load(); text != nil {
		panic(*text) // of this request alone, as if it were not done by others
	}
}

// operations says what right each operation needs first.
var operations = map[string]policy.Action{"create": policy.Create, "update": policy.Update, "upsert": policy.Update, "delete": policy.Delete}

// mistaken is the fault of an operation that does not say which record it means, or
// says it twice, or of one that is made.
func (op Operation) mistaken() *fault.Fault {
	switch {
	case op.Op == "create" && (op.ID != 0 || op.Key != "" || op.Version != 0):
		return fault.New(fault.Invalid, "record.target_given")
	case op.Op == "create":
		return nil
	case op.ID == 0 && op.Key == "" || op.Op == "delete" && op.ID == 0:
		return fault.New(fault.Invalid, "record.target_missing", "op", op.Op).At("/id")
	case op.ID != 0 && op.Key != "":
		return fault.New(fault.Invalid, "record.target_twice").At("/key")
	}
	return nil
}

// prepare does what needs no transaction.
func (w *work) prepare(ctx context.Context, s *Session, object string) {
	action, ok := operations[w.op.Op]
	if !ok {
		w.failed = fault.New(fault.Invalid, "record.unknown_operation", "op", shorten(w.op.Op)).At("/op")
		return
	}
	if w.failed = w.op.mistaken(); w.failed != nil {
		return
	}
	a, err := s.access(ctx, object, action)
	if err == nil && w.op.Op == "upsert" {
		_, err = s.access(ctx, object, policy.Create)
	}
	if err != nil {
		w.failed = fault.From(err)
		return
	}
	w.a = a
	if w.op.Op == "delete" {
		return
	}
	w.in = s.input(a, w.op.Data)
	if w.op.Op != "create" {
		return
	}
	if w.d, w.early, err = s.prepareCreate(ctx, a, w.in, w.made); err != nil {
		w.failed = fault.From(err)
	}
}

// atomic runs everything in one transaction.
func (b *bulk) atomic(ctx context.Context) error {
	refused := false
	for i := range b.works {
		refused = refused || b.works[i].failed != nil
	}
	if !refused {
		err := b.s.write(ctx, func(u *unit) error {
			if err := u.foresee(b.works); err != nil {
				return err
			}
			for i := range b.works {
				w := &b.works[i]
				if err := u.work(w); err != nil {
					if f := fault.From(err); f.Kind != fault.Internal {
						w.failed = f
						return errUndo
					}
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, errUndo) {
			return err
		}
	}
	for i := range b.works {
		if w := &b.works[i]; w.failed == nil {
			w.failed = fault.New(fault.Conflict, "record.rolled_back")
		}
	}
	return nil
}

// each runs the operations in few transactions.
func (b *bulk) each(ctx context.Context) error {
	for start := 0; start < len(b.works); start += chunk {
		if err := b.some(ctx, b.works[start:min(start+chunk, len(b.works))]); err != nil {
			return err
		}
	}
	return nil
}

// some runs operations in one transaction; where several are refused late, in one each.
func (b *bulk) some(ctx context.Context, part []work) error {
	for range tries {
		if err := b.run(ctx, part, nil); !errors.Is(err, errSkip) {
			return err
		}
	}
	for i := range part {
		if err := b.run(ctx, part[i:i+1], nil); err != nil && !errors.Is(err, errSkip) {
			return err
		}
	}
	return nil
}

// run does operations in one transaction. One that is refused before it wrote is
// passed by; one that is refused later ends the transaction with errSkip, is marked,
// and left out when it is run again.
func (b *bulk) run(ctx context.Context, part []work, finish func(u *unit) error) error {
	return b.s.write(ctx, func(u *unit) error {
		u.careful = true
		if err := u.foresee(part); err != nil {
			return err
		}
		for i := range part {
			w := &part[i]
			w.refused = nil
			if w.failed != nil {
				continue
			}
			u.wrote = false
			err := u.work(w)
			if err == nil {
				continue
			}
			f := fault.From(err)
			if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
				return err
			}
			if u.wrote {
				w.failed = f
				return errSkip
			}
			w.refused = f
		}
		if finish == nil {
			return nil
		}
		return finish(u)
	})
}

// work does one operation.
func (u *unit) work(w *work) (err error) {
	w.did, w.key = "", w.op.ID
	switch w.op.Op {
	case "delete":
		w.did = "deleted"
		return u.delete(w.a, w.op.ID, w.op.Version)
	case "create":
		return u.workCreate(w)
	}
	key := w.op.ID
	if w.op.Key != "" {
		if key, err = u.meant(w); err != nil {
			return err
		}
	}
	if key != 0 || w.op.Op == "update" {
		return u.workUpdate(w, key)
	}
	return u.workCreate(w)
}

func (u *unit) workCreate(w *work) error {
	if !w.early {
		u.wrote = len(u.s.listeners(w.a, Created)) > 0 // who may write before it is checked
		w.d = u.s.draft(u.ctx, u.tx, w.a, w.in, Created, u.s.service.ids.Next(), nil)
		if err := w.d.ready(u.tx); err != nil {
			return u.unnumbered(w.d, err)
		}
	}
	w.did, w.key = "created", w.d.id
	return u.unnumbered(w.d, u.create(w.d))
}

// unnumbered gives the numbers back that a record took which was then refused, where
// the transaction goes on without it.
func (u *unit) unnumbered(d *draft, refused error) error {
	if refused == nil || u.wrote || fault.KindOf(refused) == fault.Internal {
		return refused
	}
	if err := d.giveBack(u.tx); err != nil {
		return err
	}
	return refused
}

func (u *unit) workUpdate(w *work, key id.ID) (err error) {
	w.did, w.key = "updated", key
	u.wrote = len(u.s.listeners(w.a, Updated)) > 0
	w.d, err = u.change(w.a, w.in, key, w.op.Version)
	if err == nil && !w.d.differs() {
		w.did = "unchanged"
	}
	return err
}

// meant finds the record with the key of an update or upsert; 0 if it is to be made.
func (u *unit) meant(w *work) (id.ID, error) {
	key, ok := upsertKey(w.a.object, w.op.Key)
	if !ok {
		return 0, fault.New(fault.Invalid, "record.unknown_key", "key", shorten(w.op.Key), "object", w.a.object.Doc.Name).At("/key")
	}
	r := make(row, len(w.a.columns))
	if faults := w.in.apply(r, nil); len(faults) > 0 {
		return 0, fault.All(fault.Invalid, "record.invalid", faults)
	}
	if _, ok := w.a.keyFilter(key, r); !ok {
		return 0, fault.New(fault.Invalid, "record.key_empty", "key", w.op.Key).At("/" + key.Fields[0].Name)
	}
	found, err := u.keyed(w.a.plan, key, r)
	if err == nil && found == 0 && w.op.Op == "update" {
		err = fault.New(fault.NotFound, "record.key_not_found", "key", w.op.Key)
	}
	if err != nil || found == 0 {
		return 0, err
	}
	if _, err := u.find(w.a, found, policy.Read, 0); fault.Is(err, "record.not_found") {
		return 0, u.s.notUnique(w.a.plan, key) // somebody else's, which the caller may not know more of
	}
	return found, nil
}

// outcomes are the answers, line by line; with the records if they are wanted.
func (b *bulk) outcomes(records bool) ([]Outcome, error) {
	outcomes := make([]Outcome, len(b.works))
	for i := range b.works {
		w := &b.works[i]
		if refused := cmp.Or(w.failed, w.refused); refused != nil {
			outcomes[i] = Outcome{ID: w.op.ID, Fault: refused}
			continue
		}
		outcomes[i] = Outcome{ID: w.key, Did: w.did}
		if w.d == nil || !records {
			continue
		}
		saved, err := w.d.saved(b.s.tenant)
		if err != nil {
			return nil, fmt.Errorf("answering an operation: %w", err)
		}
		outcomes[i].Saved = saved
	}
	return outcomes, nil
}
